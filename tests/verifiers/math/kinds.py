r"""More pairs of answers by kind, found by trying the language against itself. Each is tried in both directions."""

from __future__ import annotations

SAME: dict[str, list[tuple[str, str]]] = {
    "numerals": [
        (r"0.\dot{3}", r"\frac13"), (r"0.\dot{1}42\dot{7}", r"0.\overline{1427}"), ("0.(3)", r"\frac13"),
        ("0.1(6)", r"\frac16"), ("FF_{16}", "255"), (r"\text{FF}_{16}", "255"), ("2A_{16}", "42"), ("10~000", "10000"),
        (r"\log_23", r"\log_{2}{3}"), ("log2(8)", "3"), ("5%", "5 per cent"), ("1/2%", "0.005"),
    ],
    "money and units": [
        ("£3", "3 pounds"), ("5 lbs", "5 pounds"), ("$5", "USD 5"), ("$5", "US$5"), ("Rs. 500", "500"), ("5 EUR", "€5"),
        (r"1.6\times10^{-19}\,\mathrm{C}", r"1.6\times 10^{-19}"), ("30 (cm)", r"30\text{ cm}"), ("30 [cm]", "30"),
        ("21 years old", "21 years"), ("1.5 L", r"1.5\text{ liters}"), (r"5\rm{cm}", r"5\text{ cm}"),
        (r"10\,\mathrm{m\,s^{-1}}", "10 m/s"), (r"9.8\,\mathrm{m\,s^{-2}}", r"9.8\text{ m/s}^2"),
        (r"6.63 \times 10^{-34} \mathrm{~J} \cdot \mathrm{s}", "6.63e-34"), ("5 cm3", "5 cm^3"),
        (r"5\text{ in}^2", "5 square inches"), ("5 times", "5"),
        (r"5\text{ students in each class}", "5"), ("5 cups of flour", "5 cups"), ("5 mpg", "5 miles per gallon"),
        (r"180^\circ-x", "180-x"),
    ],
    "counting": [
        ("C(10,3)", "120"), ("C(1,2)", "(1,2)"), ("P(5,2)", "20"), (r"{}_{10}C_3", "120"), (r"_{10}C_{3}", "120"),
        (r"^{10}C_3", r"\binom{10}{3}"), (r"{}_5P_2", "20"), (r"C_{10}^{3}", "120"), ("10C3", "120"), ("5P2", "20"),
    ],
    "functions and labels": [
        (r"f^{-1}(x)=\frac{x-1}{2}", r"\frac{x}{2}-\frac12"), ("f(2)=7", "7"), (r"P(X=2)=\frac14", "1/4"),
        ("x:y=2:3", "2:3"), ("A = s^2 = 16", "16"), (r"\text{Area: } 5", "5"),
        (r"x=\sqrt{12}=2\sqrt3\approx3.46", r"2\sqrt3"),
        (r"\operatorname{cis}\frac{\pi}{3}", r"e^{i\pi/3}"), (r"\operatorname{tg}x", r"\tan x"),
        (r"\overline{3+4i}", "3-4i"),
        ("|x||y|", "|xy|"), (r"e^{i\pi}+1", "0"), (r"\frac{1}{2}at^2+v_0t", r"v_0t+\frac12at^2"), (r"x^{\prime}", "x'"),
        (r"\angle A = 60^\circ", "A = 60"),
    ],
    "residues": [
        (r"x\equiv2\pmod5", "x ≡ 2 (mod 5)"), (r"x\equiv2\pmod5", r"x\equiv2 \mod 5"), (r"x\equiv7\pmod5", r"2\pmod5"),
        (r"2\pmod5", "2"),
    ],
    "sets of reals": [
        (r"\mathbb{R}_{>0}", r"(0,\infty)"), (r"\mathbb{R}_{\ge0}", r"[0,\infty)"),
        (r"\mathbb{Z}^{+}", r"\mathbb{Z}^+"),
        (r"\text{all reals}", r"\mathbb{R}"), ("x&lt;2", "x<2"),
        (r"x\neq \pm 3", r"\mathbb{R}\setminus\{-3,3\}"),
        (r"k\pi+\frac{\pi}{6}(k \in \mathbf{Z})", r"\frac{\pi}{6}+k\pi"), (r"x \not= 3", r"x\ne3"),
    ],
    "vectors and matrices": [
        ("<1,2,3>", "(1,2,3)"), (r"3\mathbf{i}-\mathbf{j}+2\mathbf{k}", "(3,-1,2)"),
        (r"\hat{i}+2\hat{j}", r"\langle1,2\rangle"),
        (r"\hat{\imath}+2\hat{\jmath}", r"\hat i+2\hat j"), (r"\overrightarrow{AB}", r"\vec{AB}"),
        (r"\pmatrix{1&2\\3&4}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        (r"\begin{pmatrix}1&2\cr3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        ("Matrix([[1,2],[3,4]])", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
    ],
    "words": [
        ("parabola", "a parabola"), ("yes", "Yes!"), ("Student B", "student b"),
        (r"\text{the }x\text{-axis}", "x-axis"),
        ("5 PM", "5:00 p.m."), ("9 a.m.", "9:00 AM"), ("2020-06-03", "2020-06-03"),
        ("no solution", "No solutions exist"),
        ("twenty one", "21"), ("one hundred and twenty", "120"), ("5", "5 (five)"),
        (r"2 \text{ 或 } 3", "2, 3"),
        ("A、C、D", "A, C, D"),
        (r"\text{Option A}", "A"), (r"C. \frac{1}{2}", "C"), (r"\text{I and II only}", "I and II only"),
    ],
}  # fmt: skip

OTHER: dict[str, list[tuple[str, str]]] = {
    "one side of a step": [
        ("|x|+1", "x+1"), ("|x|+2", "x+2"), ("|x+5|", "x+5"), ("x|x|+1", "x^2+1"), (r"\sqrt[4]{x^4}+1", "x+1"),
        (r"\max(x,100)", "x"), (r"\min(x,1000)", "x"), (r"\arcsin(\sin x)", "x"), (r"\gcd(n,m+1)", "1"),
        (r"\gcd(n,n+2)", "1"), ("(-2)^n", "2^n"), (r"(-1)^{n(m+1)}", "1"), (r"n \bmod 100", "n"),
        (r"\lfloor x\rfloor", r"\lceil x\rceil-1"), (r"\lfloor\frac{x}{100}\rfloor", "0"), ("|xy|", "xy"),
        (r"\lfloor x\rfloor", r"1^{\text{st}}"), ("y=|x+5|", "y=x+5"),
    ],
    "residues": [
        (r"x\equiv2\pmod5", r"x\equiv2\pmod7"), (r"2\pmod5", r"2\pmod7"), (r"x\equiv2\pmod5", r"2\pmod7"),
        (r"x\equiv2\pmod5", "2"), (r"x\equiv3\pmod5", r"2\pmod5"),
    ],
    "sets and lists": [
        (r"\emptyset", r"\{\emptyset\}"), (r"\{1,2\}", r"\{1,\{2\}\}"), ("x=2,y=1", "1,2"), ("a=1,b=2", r"\{1,2\}"),
        (r"p\land q", r"p\lor q"), ("A, B", "A or B"), ("Alice and Bob", "Alice or Bob"), ("x=1,2", "y=1 or y=2"),
        (r"\angle ABC", r"\triangle ABC"), (r"2-\sqrt3", "2 +- sqrt(3)"),
    ],
    "units and words": [
        ("8", "eight point five"), ("7", "7 cubed"), ("7", "7 halves"), ("7", "7 tenths"), ("7", "7 factorial"),
        ("7", "7 (rejected)"), ("7", "7 rejected"), ("7", "7 extraneous"), ("30 rad", r"30^\circ"),
        ("5", "5 PM"), ("5 PM", "5 AM"), ("1", "1或2"), ("20", "twenty one"), ("100", "one hundred twenty"),
        ("A", "(A) is wrong"), ("A", "A: wrong"),
        ("30 minutes", r"30^\circ"), (r"\pi", r"\pi^\circ"), ("2011", "2020-06-03"), ("2020-06-03", "2020-06-04"),
        ("5 cups of flour", "5 cups of milk"), ("£3", "3 lbs"), ("21 years old", "21 days"), ("5", "5 per cent"),
        ("FF_{16}", "FE_{16}"), ("255", "FF_{15}"), ("120", "C(10,4)"), ("20", "P(5,3)"), (r"\log_23", r"\log_2 4"),
    ],
}  # fmt: skip
