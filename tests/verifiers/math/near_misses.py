"""References and answers of another value, by kind: each answer is wrong, however close it comes."""

from __future__ import annotations

WRONG: dict[str, list[tuple[str, str]]] = {
    "fractions and roots": [
        (r"\frac{3}{4}", r"\frac{3}{5}"), (r"2\frac12", "1"), (r"-2\frac12", "-1.5"),
    ],
    "percent, currency": [
        ("10", r"10\%"), (r"\$12.50", "12.51"), (r"\$4.50", "£4.50"),
    ],
    "units": [
        (r"5\text{ m}", r"5\text{ cm}"), ("5", "5m"), ("5", "5 x"), ("5 m", "5 s"), (r"9.8\text{ m/s}", "9.8 m/s^2"),
        ("3 + s", "3 s"), ("x", "x m"), (r"2\pi", r"2\pi m"),
    ],
    "degrees": [
        (r"60^\circ", r"\pi/6"),
    ],
    "matrices": [
        (r"\begin{pmatrix} 1 & 2\\ 3 & 4 \end{pmatrix}", r"\begin{pmatrix} 1 & 2\\ 3 & 5 \end{pmatrix}"),
        (r"\begin{pmatrix} 1 & 2 & 3\end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \\ 3\end{pmatrix}"),
    ],
    "repeating decimals": [
        (r"0.\overline{3}", "0.3"),
    ],
    "thousands": [
        ("1000", "1.000"),
    ],
    "sets, tuples, intervals": [
        ("[0,1)", "[0,1]"), (r"\{1,2\}", "(1,2)"), (r"\{1,2\}", r"\{1,2,3\}"), ("(1,2)", "(2,1)"),
        (r"(-\infty,1)\cup(2,\infty)", r"x<1 \text{ and } x>2"), (r"[2,\infty)", "x > 2"), (r"\emptyset", r"\{0\}"),
        ("(1,2),(3,4)", "(1,4),(3,2)"), (r"1 < x \le 3", "[1,3]"), ("(0,1)", "(0,1]"),
    ],
    "plus or minus": [
        (r"\pm 3", "3"),
    ],
    "labels": [
        ("x=5", "y=5"), ("f(x)=2x+1", "g(x)=2x+1"), ("y=2x+1", "y=2x-1"), ("x+2y=3", "2x+4y=5"),
        ("a=2,b=3", "a=3,b=2"), ("5", "2+4=5"),
    ],
    "decimals": [
        (r"\frac{\pi}{2}", "1.57"), (r"\frac{\pi}{2}", "1.5707"), (r"\sqrt2", "1.4143"), (r"\frac{2}{3}", "0.67"),
        ("3.14", r"\pi"), ("0.1", "0.10000001"), ("1e-9", "0"),
    ],
    "logarithms and functions": [
        (r"\ln|x|", r"\ln x"), (r"\ln|x|+C", r"\ln x + C"), (r"\cos 2x", r"\cos^2 x"),
        (r"\ln(a)+\ln(b)", r"\ln(a+b)"),
    ],
    "infinities": [
        (r"\infty", r"-\infty"),
    ],
    "words": [
        ("A", "B"), ("A", "A and B"), ("yes", "no"), ("blue", r"\text{it is not blue}"), ("2", "three"),
        ("Tuesday", "Wednesday"), ("hyperbola", "parabola"), ("3:4", "4:3"), ("12:30", "12:30 pm"), ("2:00", "14:00"),
    ],
    "bases": [
        ("1010_2", "1010"), ("4321_5", "4321"),
    ],
    "counting": [
        (r"\binom{n}{k}", r"\binom{k}{n}"), ("5!", "5"), ("2^{100}", "2^{101}"),
    ],
    "spacing and signs": [
        ("(x+1)(x-1)", "x^2+1"), ("2+3i", "2-3i"),
    ],
    "sums, integrals, limits": [
        (r"\sum_{n=1}^{\infty} \frac1{n^2}", r"\frac{\pi^2}{8}"), (r"\int_0^1 x^2 dx", r"\frac14"),
        (r"\lim_{x\to0}\frac{\sin x}{x}", "0"),
    ],
    "answers of olympiads": [
        ("$y^{2}=4x$", r"y=2\sqrt{x}"), ("$n^2$", "n^{3}"), (r"$1+\sqrt{2}$", "2.41"), ("①③", "①②"),
    ],
    "choices and shares": [
        ("A", "AA"), ("A", "A, B"), ("100", r"100\%"), (r"100\%", "100"), ("25", "25%"),
        ("50", r"50 \text{ percent}"), (r"10\%", "10"),
    ],
    "times": [
        ("8:34", "8:43"), ("10:00", "10"), ("July 4", "July 5"),
    ],
    "polynomials & rational": [
        ("(x-5)(x+2)", "x^2+3x-10"), ("2^{n+1}", "4^n"), (r"\sqrt{a^2+b^2}", "a+b"), (r"\frac{a+b}{c}", "a+b/c"),
        (r"\frac{1}{a}+\frac{1}{b}", r"\frac{2}{a+b}"), ("|x-2|", "x-2"), ("(-2)^n", "-2^n"),
    ],
    "complex": [
        ("i", "-i"), ("(2,3)", "2+3i"),
    ],
    "roots": [
        (r"\sqrt{50}", r"5\sqrt3"), (r"\sqrt{3}", "1.73"),
    ],
    "functions": [
        ("f(x)=x", "f(x)=-x"),
    ],
    "lists": [
        ("1, 2, 3", "1, 2"), ("[1, 2]", "[2, 1]"), ("(1,2,3)", r"\{1,2,3\}"), ("2,3,5,7", "2,3,5"),
        ("x=1", "x=1 or x=2"), ("(3, 4)", r"\begin{pmatrix}3\\4\end{pmatrix}"), ("(-1,2)", "[-1,2]"),
        ("(1, 2, 3)", "(1, 2, 3, 4)"),
    ],
    "intervals": [
        ("x>3", "y>3"), ("x>3", "x>=3"), ("0<x<1", r"0<x\le1"),
    ],
    "equations": [
        ("y = 3x - 2", "y=3x+2"), ("x=5", "x=-5"), ("x^2 = 4", "x = 2"), ("(x-1)^2+(y-2)^2=4", "(x+1)^2+(y+2)^2=4"),
        ("x=2", "x-2=0"), ("3x+5=11", "x=2"), (r"\sin x = \frac12", r"x=\frac{\pi}{6}"),
    ],
    "plain text": [
        ("0.333", r"\frac{1}{3}"), ("1,5", "1.5"), ("3 1/2", "31/2"), ("2^3^2", "64"), ("-2^2", "4"),
        ("increasing", "decreasing"), ("5, yes", "5, no"),
    ],
    "near misses": [
        ("7", "7 or 8"), ("7", r"\{7,8\}"), ("7", "7, 8"), ("7", "not 7"), ("7", "7 is wrong"), ("7", "77"),
        ("7", "7.1"), ("7", "7!"), ("7", "7x"), ("7", "x^7"), ("7", "-7"), ("7", "7i"), ("7", "<7"), ("7", ">7"),
        ("7", r"\ne 7"), ("7", r"x \ne 7"), ("7", "x>7"), ("7", "7 + C"), ("7", "7e"), ("7", r"7\pi"), ("7", "7%"),
        ("7", "7th"), ("7", "1/7"), ("7", "(7, 7)"), ("7", "six"), ("7", "at least 7"), ("7", "less than 7"),
        ("7", "7 and a half"), ("7", "7 dozen"), ("7", "7 thousand"), ("7", "7 hundred"), ("7", "7k"),
        ("7", "7 million"), ("7", r"7 \text{ (approximately)}"), ("7", "0x7"), ("7", "VII"), ("7", "7 = 8"),
        ("7", "x = 7 = 8"), ("7", "7 ± 1"), ("7", r"7.0 \pm 0.1"), ("7", r"\pm 7"), ("7", "a"), ("A", "A or B"),
        ("A", "A/B"), ("A", "A, B, C, D"), ("A", "not A"), ("A", "B (not A)"), ("A", r"\text{A is wrong, B}"),
        ("B", "(A) or (B)"), ("yes", "yes and no"), ("true", "true or false"), ("even", "even or odd"),
        ("even", "neither even"), ("blue", "red and blue"), ("blue", "not blue"), ("Paris", "Paris or London"),
        ("(1,2)", "(1,2) or (2,1)"), ("[1,2]", "[1,2] or [2,3]"), ("x+1", "x+1 or x-1"),
        ("5", r"\boxed{5} or \boxed{6}"), ("0", r"\emptyset"), ("0", "no solution"), ("1", "0.999"), ("1", "0.9999"),
        ("1", "0.99999999"), (r"\frac{1}{3}", "0.3"), (r"\frac{1}{3}", "0.33"), (r"\pi", "22/7"), (r"\pi", "3"),
        ("e", "2.7"), ("100", "99.99"), ("1000000", "999999"), ("3.14159", "3.14160"), ("0.001", "0.0011"),
        ("10^{-10}", "0"), (r"\sqrt{2}", r"-\sqrt2"), (r"\sqrt{2}", "2"), ("x^2", "x^2+0.0001"), (r"\sin x", "x"),
        (r"\cos x", r"\cos y"), (r"\tan x", r"\cot x"), ("e^x", "e^{-x}"),
    ],
    "Unicode": [
        ("√23", r"3\sqrt{2}"),
    ],
    "LaTeX that is nested or odd": [
        (r"\begin{cases}1&x>0\\0&x\le0\end{cases}", r"\begin{cases}1&x>0\\0&x<0\end{cases}"), (r"\sin 30", "0.5"),
    ],
    "calculus": [
        (r"-\cos x+C", r"\cos x + C"), (r"\sum_{n=1}^\infty \frac{1}{2^n}", "2"),
        (r"\frac{1}{1-x}", r"\sum_{n=0}^\infty x^n"), (r"\frac{d}{dx}(x^3)", "3x"), ("1", r"\int_0^1 2x\,dx"),
    ],
    "more units": [
        ("5 m/s", "5 km/h"), ("5 m", "6 m"), ("3 + 5 m", "8"), ("3 + 5 m", "3"), ("5 m", "5n"), ("5m", "5 s"),
        ("s", "5 s"), ("5s", "5"), ("5 m^2", "5 m"), ("2x m", "2x"), ("2x", "2x m"), ("12 g", "12 kg"),
        ("6 K", "6000"), ("7 h", "7 minutes"), ("a m", "a"), (r"12\text{ ft by }8\text{ ft}", "12"),
    ],
    "olympiads, physics, algebra": [
        (r"1-\frac1e", "0.632"), ("2.5", "2.499"), (r"\frac{7}{3}", "2.33"), ("1 hour", "60 minutes"),
        ("1 m", "100 cm"), ("$1.00", "100 cents"), ("1.2 million", "1.2"), (r"y=\sqrt{x}", "x=y^2"),
        ("a>b>c", "a>c>b"), ("x+y>2", "x+y<2"), ("x^2<4", "-2<x<2"), ("x", "y"), ("x", "x_1"), (r"\alpha", "a"),
        (r"\theta", "t"), ("ab", "a+b"), ("Ab", "ab"), (r"\text{NaCl}", "HCl"), (r"\angle ABC", r"\angle ACB"),
        (r"AB\perp CD", r"AB\parallel CD"), ("I only", "II only"), ("Statement 1", "statement 2"), ("(i)", "(ii)"),
        ("p=5, q=6", "q=5, p=6"), ("left", "right"), ("clockwise", "counterclockwise"),
        ("increasing on (0,1)", "increasing on (1,2)"), ("New York", "New Jersey"), ("x+1", "x+2"), ("x+1", "x1"),
        ("x+1", "|x+1|"), ("x+1", "x+1=0"), ("x+1", "x+1>0"), ("(x+y)^2", "x^2+y^2"), (r"\sqrt{x^2+2x+1}", "x+1"),
        (r"\frac{1-\cos 2x}{2}", r"\cos^2x"),
    ],
    "numbers in words, integrals, transposes": [
        ("5", "minus 5"), ("7", "seven halves"), ("23", "twenty third"), ("5", "five tenths"), ("5", "negative five"),
        ("5", "5 minus"), ("5", "minus"), ("odd", "negative"), ("2", "double"), ("5", "half"),
    ],
    "divergence, doubt, letters of units": [
        (r"\sum_{n=1}^\infty n", r"-\frac1{12}"), (r"\sum_{n=0}^\infty (-1)^n", r"\frac12"),
        (r"\sum_{n=1}^\infty 1", r"-\frac12"), (r"\sum_{n=0}^\infty 2^n", "-1"),
        (r"\int_{-1}^1 \frac{1}{x^2}\,dx", "-2"), (r"\int_{-1}^1\frac1x\,dx", "0"),
        (r"\lim_{x\to0}\frac{|x|}{x}", "1"), (r"\lim_{x\to0}\frac{1}{x}", r"\infty"),
        (r"\lim_{x\to0}\sin\frac1x", "0"), (r"\sum_{n=1}^{\infty}\frac1n", "5"),
        (r"\sum_{n=1}^{\infty}\frac1{n^3}", r"\frac{\pi^3}{25.79}"), (r"\int_0^1 e^{x^2}dx", "1.4627"),
        (r"\int_0^x t\,dt", r"\frac{x^2}{3}"), ("5", "The answer is 5 is wrong"), ("5", "5 m or 6 m"),
        ("5", "5 m, 6 m"), ("5", "6 m"), ("5 m", "5 km"), ("5 s", "5 m"), ("x", "5 m"), ("m", "5 m"), ("5m+1", "5 m"),
        ("5", "5 m + 1"), ("5", "5 m^5"), ("5", "5 e"), ("5", "5 i"), ("5", "5 k"), ("5", "5 n"), ("5", "5 t"),
        ("5", "5 a"), ("5", "5 C"), ("5", "5 x m"),
    ],
}  # fmt: skip
"""A reference and an answer in a box that does not say the same."""

WRONG_COMPLETIONS: list[tuple[str, str]] = [
    ("7", "The answer is 8."), ("5", r"\boxed{5} or \boxed{6}"), ("5", r"\boxed{6}, \boxed{5}"),
    ("5", r"$\boxed{5}$ $\boxed{6}$"), ("5", "The answer is 5 or 6."), ("5", "The answer is either 5 or 6"),
    ("5", "Answer: 5, 6"), ("5", "Answer: 4 or 5"), ("5", "5 is not the answer"), ("5", "The answer is not 5"),
    ("5", "I think it's not 5."), ("5", "The answer is 5.5"), ("5", "The answer is $5x$"),
    ("5", "The answer is 5, but it could be 6"), ("5", "It is not the case that the answer is 5"),
    ("5", "Suppose the answer is 5"),
    ("5", "Suppose that the answer is 5. Then we get a contradiction.\nSo there is none."),
    ("5", "I doubt that the answer is 5"), ("5", "It isn't true that the final answer is 5."),
    ("5", "<think>\\boxed{5}</think>I don't know.\nReally not."), ("5", r"\boxed{5"), ("5", r"\boxed{4}\boxed{5}"),
    ("4", r"$x=\boxed{4}$ or $x=\boxed{5}$"), ("A", "I would pick B"), ("-3", "The answer is 3"),
    ("12", "It is not 12."), ("12", "It is 12 or 13."), ("blue", "It is blue or red"), ("blue", "It is never blue"),
    ("5", "The answer is 5 is wrong"), ("5", "The answer is 5, which is wrong."), ("5", "The answer 5 is wrong."),
    ("5", "It is 5 that is wrong"), ("5", "They are not 5"), ("blue", "It is anything but blue"),
    ("yes", "It is yes or no"), ("true", "It is true that it is false"), ("5", "The total is not 5"),
    ("5", "The sum of 5 is 6"), ("5", "the difference is 5 or 6"), ("5", "We find no 5"),
    ("5", "The answer is at most 5"), ("5", "The answer is 5 more than 6"), ("5", "The answer is 5 to 6"),
    ("5", "The answer is between 5 and 6"), ("5", "The answer is 5-6"), ("5", "The answer is 5/6"),
    ("5", "The answer is 5:6"), ("5", "The answer is less than 5"), ("5", "The answer is 5 times 6"),
    ("5", "The answer is 5 6"),
]  # fmt: skip
"""A reference and a whole completion that does not end in it."""
