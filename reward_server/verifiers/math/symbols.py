r"""The vocabulary: what LaTeX commands, Unicode signs and plain words mean, as tables.

Adding a spelling is one entry here. ``UNICODE`` is applied to the text, ``COMMANDS`` to ``\name``, ``WORDS`` to
plain words such as ``sqrt`` or ``infinity``. The values are tokens of ``tokens``: (kind, value).
"""

from __future__ import annotations

from typing import Final

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙᵢ", "0123456789+-=()ni", strict=True))
SUPERSCRIPTS: Final = _SUPERSCRIPTS
SUBSCRIPTS: Final = _SUBSCRIPTS

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron rho varrho "
    "sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
    "ell hbar aleph imath jmath nabla partial"
).split()
_GREEK_SIGNS = dict(
    zip(
        "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΣΦΨΩℓ",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi "
        "omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell".split(),
        strict=True,
    )
)
_VARIANTS = {"varepsilon": "epsilon", "vartheta": "theta", "varrho": "rho", "varsigma": "sigma", "varphi": "phi"}

UNICODE: Final = str.maketrans(
    {
        **{sign: f"\\{name} " for sign, name in _GREEK_SIGNS.items()},
        **dict.fromkeys("−–—‒﹣－", "-"),
        **dict.fromkeys("×✕⨯", "\\times "),
        **dict.fromkeys("·⋅∙•", "\\cdot "),
        **dict.fromkeys("÷∕⁄", "/"),
        **dict.fromkeys("°º˚", "\\degree "),
        **dict.fromkeys("√", "\\surd "),
        **dict.fromkeys("′’‘", "'"),
        **dict.fromkeys("“”″", '"'),
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u205f\u3000", "\\,"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u2061\u2062", ""),
        "∛": "\\surd[3]", "∜": "\\surd[4]", "π": "\\pi ", "Π": "\\Pi ", "∞": "\\infty ", "≤": "\\le ", "⩽": "\\le ",
        "≥": "\\ge ", "⩾": "\\ge ", "≠": "\\ne ", "≈": "\\approx ", "≡": "\\equiv ", "±": "\\pm ", "∓": "\\mp ",
        "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∉": "\\notin ", "∅": "\\emptyset ", "∖": "\\setminus ",
        "⊂": "\\subset ", "⊆": "\\subseteq ", "ℝ": "\\mathbb{R}", "ℤ": "\\mathbb{Z}", "ℕ": "\\mathbb{N}",
        "ℚ": "\\mathbb{Q}", "ℂ": "\\mathbb{C}", "…": "\\ldots ", "⋯": "\\ldots ", "→": "\\to ", "⇒": "\\Rightarrow ",
        "∘": "\\circ ", "‖": "\\|",
        "∠": "\\angle ", "△": "\\triangle ", "∑": "\\sum ", "∏": "\\prod ", "∫": "\\int ", "∧": "\\land ",
        "∨": "\\lor ", "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ", "⌉": "\\rceil ", "〈": "\\langle ",
        "⟨": "\\langle ", "⟩": "\\rangle ", "，": ",", "、": ",", "；": ";", "：": ":", "（": "(", "）": ")", "［": "[",
        "］": "]", "｛": "{", "｝": "}", "＝": "=", "＋": "+", "＜": "<", "＞": ">", "／": "/", "．": ".", "。": ".",
        "％": "%", "！": "!", "∣": "|", "｜": "|", "∶": ":", "¬": "\\neg ", "∀": "\\forall ", "∃": "\\exists ",
        "ⅈ": "i", "ⅇ": "e", "µ": "\\mu ", "€": "\\euro ", "£": "\\pounds ", "¥": "\\yen ", "₹": "\\rupee ",
        "¢": "\\cent ",
        "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}",
        "⅕": "\\frac{1}{5}", "⅖": "\\frac{2}{5}", "⅗": "\\frac{3}{5}", "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}",
        "⅚": "\\frac{5}{6}", "⅛": "\\frac{1}{8}", "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}", "⅞": "\\frac{7}{8}",
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **{chr(0xFF21 + k): chr(65 + k) for k in range(26)},
        **{chr(0xFF41 + k): chr(97 + k) for k in range(26)},
    }
)  # fmt: skip

IGNORED: Final = frozenset(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm displaystyle textstyle "
    "scriptstyle scriptscriptstyle limits nolimits mathstrut strut cdotp null bf it sf tt large Large small "
    "boldmath unboldmath normalsize centering hfill hline allowbreak nobreak relax ensuremath protect noindent".split()
)
"""Commands that change only how an answer looks."""
SPACES: Final = frozenset("quad qquad enspace thinspace medspace thickspace negthinspace space newline par".split())
ONE_ARGUMENT_DROPPED: Final = frozenset(
    "hspace vspace phantom hphantom vphantom label tag color textcolor mspace hskip kern".split()
)
"""Commands that vanish with their argument."""
STYLES: Final = frozenset(
    "mathit boldsymbol bm pmb mathcal mathscr mathfrak mathsf mathtt boxed fbox underline underbrace overbrace "
    "smash mathop mathrel mathbin mathord mathopen mathclose mathpunct emph".split()
)
"""Commands whose argument stays as it is."""
TEXT: Final = frozenset(
    "text textrm textbf textit textsf texttt textnormal textup textmd textsc mbox hbox mathrm mathbf operatorname "
    "operatorname* rm".split()
)
"""Commands whose argument is words."""
ACCENTS: Final = frozenset("vec hat widehat tilde widetilde dot ddot overrightarrow overleftarrow check breve".split())
OVERLINES: Final = frozenset("overline bar overbar".split())

FUNCTIONS: Final = {
    **{name: name for name in "sin cos tan cot sec csc sinh cosh tanh coth sech csch exp ln arg".split()},
    **{name: name for name in "gcd lcm max min".split()},
    **{name: name for name in "asin acos atan acot asec acsc asinh acosh atanh floor ceil abs sgn det erf".split()},
    **{"arc" + name: "a" + name for name in "sin cos tan cot sec csc sinh cosh tanh".split()},
    "tg": "tan", "ctg": "cot", "cotg": "cot", "arctg": "atan", "arcctg": "acot", "cosec": "csc", "sh": "sinh",
    "ch": "cosh",
    "th": "tanh", "log": "log", "lg": "lg", "lb": "log2", "ceiling": "ceil", "sign": "sgn", "Re": "re", "Im": "im",
    "re": "re",
    "im": "im", "conj": "conj", "GCD": "gcd", "LCM": "lcm", "Max": "max", "Min": "min", "sqrt": "sqrt", "cbrt": "cbrt",
    "factorial": "factorial", "binomial": "binom", "binom": "binom", "Log": "log", "Ln": "ln", "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan", "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "Arctan": "atan", "Arcsin": "asin",
    "Arccos": "acos", "cis": "cis",
}  # fmt: skip
"""Names applied to what follows, in LaTeX and in plain text; the value is the operation."""
PLAIN_ONLY: Final = frozenset("sh ch th lb re im tg floor ceil abs factorial binomial".split())
"""Of those, names that no command has; in plain text they need a bracket after them."""

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    **{name: ("SYM", _VARIANTS.get(name, name)) for name in _GREEK},
    **{name: ("FUNC", op) for name, op in FUNCTIONS.items() if name not in PLAIN_ONLY | {"sqrt", "binom"}},
    "pi": ("SYM", "pi"), "infty": ("SYM", "oo"), "infinity": ("SYM", "oo"), "inf": ("FUNC", "inf"),
    "sup": ("FUNC", "sup"),
    "frac": ("FRAC", "div"), "dfrac": ("FRAC", "div"), "tfrac": ("FRAC", "div"), "cfrac": ("FRAC", "div"),
    "nicefrac": ("FRAC", "div"), "sfrac": ("FRAC", "div"), "binom": ("FRAC", "binom"), "dbinom": ("FRAC", "binom"),
    "tbinom": ("FRAC", "binom"), "sqrt": ("SQRT", "\\"), "surd": ("SQRT", ""), "over": ("OVER", "div"),
    "choose": ("OVER", "binom"), "atop": ("OVER", "binom"),
    "cdot": ("OP", "*"), "times": ("OP", "*"), "ast": ("OP", "*"), "cdots": ("DOTS", ""), "ldots": ("DOTS", ""),
    "dots": ("DOTS", ""), "dotsc": ("DOTS", ""), "div": ("OP", "/"), "pm": ("OP", "pm"), "mp": ("OP", "mp"),
    "slash": ("OP", "/"), "bmod": ("OP", "mod"), "mod": ("OP", "mod"), "pmod": ("PMOD", ""),
    "le": ("REL", "le"), "leq": ("REL", "le"), "leqslant": ("REL", "le"), "leqq": ("REL", "le"), "lt": ("REL", "lt"),
    "ge": ("REL", "ge"), "geq": ("REL", "ge"), "geqslant": ("REL", "ge"), "geqq": ("REL", "ge"), "gt": ("REL", "gt"),
    "ne": ("REL", "ne"), "neq": ("REL", "ne"), "approx": ("REL", "approx"), "simeq": ("REL", "approx"),
    "doteq": ("REL", "approx"), "approxeq": ("REL", "approx"), "equiv": ("REL", "cong"), "cong": ("REL", "cong"),
    "in": ("REL", "in"), "colon": ("OP", ":"), "cup": ("OP", "union"), "bigcup": ("OP", "union"),
    "cap": ("OP", "intersection"), "bigcap": ("OP", "intersection"), "setminus": ("OP", "difference"),
    "smallsetminus": ("OP", "difference"), "backslash": ("OP", "difference"),
    "emptyset": ("SYM", "emptyset"), "varnothing": ("SYM", "emptyset"), "mid": ("BAR", "mid"), "vert": ("BAR", "|"),
    "lvert": ("BAR", "|"), "rvert": ("BAR", "|"), "Vert": ("BAR", "||"), "lVert": ("BAR", "||"), "rVert": ("BAR", "||"),
    "lbrace": ("OPEN", "{"), "rbrace": ("CLOSE", "}"), "lbrack": ("OPEN", "["), "rbrack": ("CLOSE", "]"),
    "lparen": ("OPEN", "("), "rparen": ("CLOSE", ")"), "langle": ("OPEN", "<"), "rangle": ("CLOSE", ">"),
    "lfloor": ("OPEN", "floor"), "rfloor": ("CLOSE", "floor"), "lceil": ("OPEN", "ceil"), "rceil": ("CLOSE", "ceil"),
    "degree": ("POST", "degree"), "circ": ("SYM", "circ"), "percent": ("POST", "percent"), "prime": ("PRIME", "'"),
    "land": ("WORD", "and"), "wedge": ("WORD", "and"), "lor": ("WORD", "or"), "vee": ("WORD", "or"),
    "sum": ("BIG", "sum"), "prod": ("BIG", "product"), "int": ("BIG", "integral"), "lim": ("BIG", "limit"),
    "Re": ("FUNC", "re"), "Im": ("FUNC", "im"), "angle": ("MARK", "angle"), "triangle": ("MARK", "triangle"),
    "measuredangle": ("MARK", "angle"), "square": ("SYM", "square"), "to": ("REL", "to"), "rightarrow": ("REL", "to"),
    "implies": ("REL", "implies"), "Rightarrow": ("REL", "implies"), "therefore": ("MARK", "therefore"),
    "because": ("MARK", "therefore"),
    "euro": ("MONEY", "€"), "pounds": ("MONEY", "£"), "yen": ("MONEY", "¥"), "rupee": ("MONEY", "₹"),
    "cent": ("UNIT", "cent"),
    "dollar": ("MONEY", "$"), "textdollar": ("MONEY", "$"),
    "mathdollar": ("MONEY", "$"), "subset": ("REL", "subset"), "subseteq": ("REL", "subset"),
    "notin": ("REL", "notin"), "mathbb": ("BLACKBOARD", ""), "Bbb": ("BLACKBOARD", ""), "sim": ("REL", "sim"),
    "parallel": ("REL", "parallel"), "perp": ("REL", "perp"), "R": ("SYM", "RR"), "reals": ("SYM", "RR"),
    "Z": ("SYM", "ZZ"),
    "N": ("SYM", "NN"), "Q": ("SYM", "QQ"), "C": ("SYM", "CC"), "integers": ("SYM", "ZZ"),
    "forall": ("WORD", "for all"),
    "neg": ("WORD", "not"), "lnot": ("WORD", "not"), "exists": ("WORD", "there is"), "checkmark": ("WORD", "check"),
    "iff": ("REL", "iff"), "Leftrightarrow": ("REL", "iff"), "leftrightarrow": ("REL", "iff"), "mapsto": ("REL", "to"),
    "longrightarrow": ("REL", "to"), "propto": ("REL", "propto"), "imaginaryI": ("SYM", "i"),
    "exponentialE": ("SYM", "e"),
    "lvertneqq": ("REL", "ne"), "oplus": ("OP", "oplus"), "star": ("OP", "*"), "bullet": ("OP", "*"),
    **{name: ("SYM", name) for name in ("dim", "ker", "Pr")}, "mho": ("UNIT", "mho"),
    "top": ("SYM", "top"), "intercal": ("SYM", "top"),
}  # fmt: skip
"""LaTeX commands without arguments of their own, as tokens."""

WORDS: Final[dict[str, tuple[str, str]]] = {
    **{name: ("FUNC", op) for name, op in FUNCTIONS.items() if name not in ("sqrt", "binom")},
    **{name: ("SYM", _VARIANTS.get(name, name)) for name in _GREEK if len(name) > 2 and name not in ("partial", "ell")},
    "sqrt": ("SQRT", ""), "binom": ("FUNC", "binom"), "pi": ("SYM", "pi"), "Pi": ("SYM", "pi"),
    "infinity": ("SYM", "oo"),
    "Infinity": ("SYM", "oo"), "inf": ("SYM", "oo"), "oo": ("SYM", "oo"), "infty": ("SYM", "oo"),
    "union": ("OP", "union"), "Union": ("OP", "union"), "cup": ("OP", "union"), "intersect": ("OP", "intersection"),
    "intersection": ("OP", "intersection"), "cap": ("OP", "intersection"), "in": ("REL", "in"), "mod": ("OP", "mod"),
    "times": ("OP", "*"), "deg": ("POST", "degree"), "degree": ("POST", "degree"), "degrees": ("POST", "degree"),
    "percent": ("POST", "percent"), "pct": ("POST", "percent"), "emptyset": ("SYM", "emptyset"),
    "le": ("REL", "le"), "leq": ("REL", "le"), "ge": ("REL", "ge"), "geq": ("REL", "ge"), "neq": ("REL", "ne"),
    "USD": ("MONEY", "$"), "EUR": ("MONEY", "€"), "GBP": ("MONEY", "£"), "INR": ("MONEY", "₹"), "JPY": ("MONEY", "¥"),
    **dict.fromkeys(("或", "或者", "oder"), ("WORD", "or")),
    **dict.fromkeys(("和", "且", "与", "及", "und"), ("WORD", "and")),
    "choose": ("OVER", "binom"), "frac": ("FRAC", "div"), "dfrac": ("FRAC", "div"), "reals": ("SYM", "RR"),
}  # fmt: skip
"""Plain words that are mathematics."""

OPERATORS: Final = {
    "<=": ("REL", "le"), ">=": ("REL", "ge"), "=<": ("REL", "le"), "=>": ("REL", "implies"), "!=": ("REL", "ne"),
    "==": ("REL", "eq"),
    "<>": ("REL", "ne"), "->": ("REL", "to"), ":=": ("REL", "eq"), "=": ("REL", "eq"), "<": ("REL", "lt"),
    ">": ("REL", "gt"),
    "~=": ("REL", "approx"), "**": ("OP", "^"), "^": ("OP", "^"), "+": ("OP", "+"), "-": ("OP", "-"),
    "*": ("OP", "*"), "/": ("OP", "/"),
    "+-": ("OP", "pm"), "+/-": ("OP", "pm"), "-+": ("OP", "mp"), "//": ("OP", "/"), "_": ("SUB", "_"),
    "!": ("POST", "!"), "%": ("POST", "percent"),
    "||": ("BAR", "||"), "|": ("BAR", "|"), "(": ("OPEN", "("), ")": ("CLOSE", ")"), "[": ("OPEN", "["),
    "]": ("CLOSE", "]"),
    "{": ("LBRACE", "{"), "}": ("RBRACE", "}"), ",": ("SEP", ","), ";": ("SEP", ";"), ":": ("OP", ":"),
    "&": ("AMP", "&"),
    "'": ("PRIME", "'"), "''": ("PRIME", "''"), "$": ("MONEY", "$"), "...": ("DOTS", ""), "..": ("DOTS", ""),
    ".": ("STOP", "."), "?": ("STOP", "?"),
    '"': ("QUOTE", '"'), "`": ("QUOTE", "`"), "#": ("STOP", "#"), "@": ("STOP", "@"),
}  # fmt: skip

ESCAPES: Final = {
    "{": ("OPEN", "{"), "}": ("CLOSE", "}"), "%": ("POST", "percent"), "$": ("MONEY", "$"), "\\": ("ROW", ""),
    "|": ("BAR", "||"),
    "&": ("WORD", "and"), "#": ("STOP", "#"), "_": ("SUB", "_"), ",": ("SPACE", ""), ";": ("SPACE", ""),
    ":": ("SPACE", ""),
    "!": ("SPACE", ""), " ": ("SPACE", ""), ">": ("SPACE", ""), "(": ("SPACE", ""), ")": ("SPACE", ""),
    "[": ("SPACE", ""), "]": ("SPACE", ""),
    "\n": ("SPACE", ""), "\t": ("SPACE", ""), "/": ("SPACE", ""), "-": ("SPACE", ""), "'": ("PRIME", "'"),
    '"': ("QUOTE", '"'),
}  # fmt: skip
r"""What a backslash before one sign means, as in ``\{`` or ``\,``."""

MULTIPLIERS: Final = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "lakh": 10**5, "crore": 10**7,
}  # fmt: skip
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SMALL_NUMBERS: Final = {
    **{name: value for value, name in enumerate(_UNITS)},
    **{name: 20 + 10 * k for k, name in enumerate(_TENS)},
    **{f"{ten}-{one}": 20 + 10 * k + value for k, ten in enumerate(_TENS) for value, one in enumerate(_UNITS[1:10], 1)},
}
"""Numbers below a hundred in words."""
PARTS: Final = {
    "half": 2, "halves": 2, "thirds": 3, "fourths": 4, "quarters": 4, "fifths": 5, "sixths": 6, "sevenths": 7,
    "eighths": 8, "ninths": 9, "tenths": 10, "hundredths": 100,
}  # fmt: skip
"""What numbers in words are divided by: ``three fourths``, ``one half``."""
BLACKBOARD: Final = {"R": "RR", "Z": "ZZ", "N": "NN", "Q": "QQ", "C": "CC"}
CONSTANTS: Final = frozenset({"pi", "e", "i", "oo"})
"""Letters that are numbers."""
