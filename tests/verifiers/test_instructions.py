"""Every instruction has texts that follow it and texts that do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.instructions import Instructions
from reward_server.verifiers.instructions.ifeval import IFEVAL
from reward_server.verifiers.instructions.text import sentences
from reward_server.verifiers.instructions.training import FUNCTIONS
from reward_server.verifiers.instructions.verifier import INSTRUCTIONS, NOT_SERVED
from reward_server.verifiers.registry import Registry

REGISTRY = Registry()
REGISTRY.register(Instructions())

ENGLISH = "This is a plain English sentence about the weather in the north of England."
AFRICA = (
    "Zimbabwe|Zambia|Uganda|Tunisia|Togo|Tanzania|Sudan|South Sudan|South Africa|Somalia|Sierra Leone|Seychelles|"
    "Senegal|São Tomé and Príncipe|Rwanda|Nigeria|Niger|Namibia|Mozambique|Morocco|Mauritius|Mauritania|Mali|Malawi|"
    "Madagascar|Libya|Liberia|Lesotho|Kenya|Guinea-Bissau|Guinea|Ghana|Gambia|Gabon|Ethiopia|Eswatini|Eritrea|"
    "Equatorial Guinea|Egypt|Djibouti|Democratic Republic of the Congo|Cote d'Ivoire|Congo|Comoros|Chad|"
    "Central African Republic|Cameroon|Cabo Verde|Burundi|Burkina Faso|Botswana|Benin|Angola|Algeria"
).split("|")
CAPITALS = (
    "Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam Warsaw "
    "London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana Zagreb"
).split()
PRODUCTS = "ProductID,Category,Brand,Price,Stock\n" + "".join(f"{n},Toys,Acme,9.5,3\n" for n in range(13))
GRADES = "\n".join(
    "\t".join(f'"{field}"' for field in row.split())
    for row in ("StudentID Subject Grade Semester Score", "1 Art A 1 90", "2 Art B 1 80", "3 Art C 2 70")
)
CASES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "keywords:existence": (
        {"keywords": ["cat", "dog"]},
        ["Cat and dog.", "hotdogs for cats"],
        ["cat only", "c a t dog"],
    ),
    "keywords:frequency": (
        {"keyword": "cat", "frequency": 2, "relation": "at least"},
        ["cat CAT", "cat cat cat"],
        ["cat"],
    ),
    "keywords:forbidden_words": ({"forbidden_words": ["cat", "c++"]}, ["concatenate", "dog"], ["a Cat!", "the cat."]),
    "keywords:letter_frequency": (
        {"letter": "q", "let_frequency": 2, "let_relation": "less than"},
        ["queue", "no"],
        ["Qq"],
    ),
    "language:response_language": (
        {"language": "de"},
        ["Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter."],
        [ENGLISH, "1234"],
    ),
    "length_constraints:number_sentences": (
        {"num_sentences": 3, "relation": "less than"},
        ["One. Two!", "Dr. Smith met Mr. Jones at 3.14 p.m. today. Yes."],
        ["A b. C d. E f."],
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        ["one\n***\ntwo", "***\none\n***\ntwo\n***"],
        ["one", "one\n***\n***\ntwo", "one\n\ntwo"],
    ),
    "length_constraints:number_words": (
        {"num_words": 3, "relation": "at least"},
        ["a b c", "one-two three"],
        ["a b", "..."],
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "hello"},
        ["a\n\nHello, you", 'a\n\n"hello" b'],
        ["hello\n\na", "a\n\nhello\n\nb", "a\n\nhelloo"],
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        ["[name] at [address]"],
        ["[name]", "name, address"],
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.S."},
        ["Bye\nP.S. one more", "bye p. s. more"],
        ["bye", "PS more"],
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        ["* a\n* b", "- a\n * b"],
        ["* a", "* a\n* b\n- c", "**a**\n**b**"],
    ),
    "detectable_format:constrained_response": (
        {},
        ["My answer is yes.", "Hm. My answer is maybe."],
        ["yes", "My answer is perhaps."],
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        ["*a* and **b c**"],
        ["*a*", "** ** *  *", "a b"],
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Section", "num_sections": 2},
        ["Section 1\na\nSection 2\nb"],
        ["Section 1 a", "section one, section two"],
    ),
    "detectable_format:json_format": (
        {},
        ['{"a": 1}', "```json\n[1]\n```", "```\n{}\n```"],
        ["a: 1", "{'a': 1}", "Sure: {}"],
    ),
    "detectable_format:title": ({}, ["<<A title>>\ntext", "<<A > B>>"], ["<A title>", "<< >>", "<<a\nb>>"]),
    "combination:two_responses": ({}, ["one\n******\ntwo"], ["one", "one\n******\none", "a******b******c"]),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Write a poem."},
        ["Write a poem. Roses", "write a POEM."],
        ["Sure! Write a poem."],
    ),
    "startend:end_checker": (
        {"end_phrase": "Any questions?"},
        ["x. Any questions?", 'x any questions?"'],
        ["Any questions? No."],
    ),
    "startend:quotation": ({}, ['"all of it"', ' "x" '], ['"', '"not all" of it', "'x'"]),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"},
        ["NASA and ESA", "the U.S. TEST-CASE"],
        ["NASA and Esa", "a TEST-CASE", "the U.S."],
    ),
    "change_case:english_capital": (
        {},
        [ENGLISH.upper()],
        [ENGLISH, "DAS IST EIN GANZ GEWÖHNLICHER DEUTSCHER SATZ ÜBER DAS WETTER."],
    ),
    "change_case:english_lowercase": (
        {},
        [ENGLISH.lower()],
        [ENGLISH, "das ist ein ganz gewöhnlicher deutscher satz über das wetter."],
    ),
    "punctuation:no_comma": ({}, ["no commas; none."], ["one, two"]),
    "keywords:word_once": ({"keyword": "cat"}, ["A cat, concatenated."], ["cat cat", "cats"]),
    "keywords:word_count_different_numbers": ({"keyword": "cat", "frequency": 2}, ["cat, Cat"], ["cat", "cat cat cat"]),
    "keywords:exclude_word_harder": ({"keyword": "cat"}, ["concatenate"], ["A cat."]),
    "keywords:palindrome": ({}, ["At noon we eat"], ["At one we eat"]),
    "keywords:no_adjacent_consecutive": ({}, ["dog ant"], ["ant bee"]),
    "keywords:keyword_specific_position": (
        {"keyword": "cat", "n": 2, "m": 1},
        ["One. Cat two."],
        ["Cat. One two.", "x"],
    ),
    "keywords:start_end": ({}, ["Cats love cats."], ["Cats love dogs.", "one"]),
    "letters:letter_counting": ({"N": 3, "relation": "less than"}, ["a1 b2"], ["abc"]),
    "letters:letter_counting2": ({"letter": "a", "let_frequency": 2, "let_relation": "at least"}, ["aA"], ["a"]),
    "count:lowercase_counting": ({"N": 2}, ["one two THREE"], ["one two three"]),
    "count:count_unique": ({}, ["all words differ"], ["all words all", ""]),
    "count:count_increment_word": ({"keyword1": "a", "keyword2": "b"}, ["a b b"], ["a b", "a a b b"]),
    "first_word:first_word_answer": ({"first_word": "well"}, ["Well, yes."], ["Yes, well."]),
    "first_word:first_word_sent": ({"first_word": "well"}, ["Well yes. Well no."], ["Well yes. No."]),
    "last_word:last_word_answer": ({"last_word": "end"}, ["This is the end."], ["The end is near."]),
    "last_word:last_word_sent": ({"last_word": "end"}, ["An end. The end!"], ["An end. The start."]),
    "paragraphs:paragraphs": ({}, ["a\n***\nb"], ["a\n\nb", "a***b***c"]),
    "paragraphs:paragraphs2": ({}, ["a\n\nb"], ["a\nb", "a\n\nb\n\nc"]),
    "punctuation:punctuation_dot": ({}, ["no dots!"], ["a dot."]),
    "punctuation:punctuation_exclamation": ({}, ["none."], ["one!"]),
    "detectable_format:square_brackets": ({}, ["[all] [words]"], ["[all words]", "[one] two"]),
    "detectable_format:bigram_wrapping": ({}, ["<<I am>> <<at home>>"], ["<<I am at>> <<home>>", "I am at home"]),
    "detectable_format:sentence_hyphens": ({}, ["One here.-Two here."], ["One here. Two here.", "One."]),
    "copy:copying_simple": ({"prompt_to_repeat": "Do it."}, ["do it."], ["Do it. Done."]),
    "copy:copying_multiple": (
        {"prompt_to_repeat": "Do it.", "N": 2},
        ["Do it.\n******\nDo it."],
        ["Do it.", "Do it.******x"],
    ),
    "copy:copy": ({"prompt_to_repeat": "Do it."}, ["Do it."], ["Did it."]),
    "new:copy_span_idx": ({"prompt_to_repeat": "abcdef", "n_start": 1, "n_end": 3}, ["bcd"], ["abc", "abcdef"]),
    "count:word_count_range": ({"min_words": 2, "max_words": 3}, ["a b", "a b c"], ["a", "a b c d"]),
    "count:unique_word_count": ({"N": 2}, ["a b a"], ["a A a"]),
    "count:conjunctions": ({"small_n": 2}, ["this and that or those"], ["this and that and those"]),
    "count:numbers": ({"N": 2}, ["3 apples and 4.5 pears"], ["3 apples", "1 2 3"]),
    "count:pronouns": ({"N": 2}, ["I saw her"], ["I ran", "Anna ran"]),
    "count:punctuation": ({}, ["Oh: one, two; three. What? Yes! Really?!"], ["Oh: one, two; three. What? Yes!", "?!"]),
    "count:keywords_multiple": (
        dict(zip(("keyword1", "keyword2", "keyword3", "keyword4", "keyword5"), "abcde", strict=True)),
        ["a b b c c c d d d d d e e e e e e e"],
        ["a b c d e"],
    ),
    "ratio:overlap": (
        {"reference_text": "one two three four", "percentage": 100},
        ["one two three"],
        ["three two one", "x"],
    ),
    "ratio:sentence_type": ({}, ["A b. C d. E f?"], ["A b. C d?", "A b. C d."]),
    "ratio:sentence_balance": ({}, ["A b. C d? E f!"], ["A b. C d?", "A b. C d. E f? G h!"]),
    "ratio:sentence_words": ({}, ["Ab cd. Ef gh. Ij kl."], ["Ab cd. Ab gh. Ij kl.", "Ab cd. Ef gh. Ij klm."]),
    "sentence:keyword": ({"N": 2, "word": "cat"}, ["One. A cat."], ["A cat. One.", "cat"]),
    "sentence:increment": ({"small_n": 1}, ["One. Two words."], ["One. Three words here.", "One."]),
    "words:alphabet": ({}, ["a big cat", "Yes zebras are"], ["a cat big"]),
    "words:vowel": ({}, ["a big cat"], ["a big out of eve"]),
    "words:consonants": ({}, ["strong trees"], ["a strong tree"]),
    "words:palindrome": ({}, ["level radar " * 5], ["level radar", "noon " * 10]),
    "words:prime_lengths": ({}, ["to the hence"], ["to this hence"]),
    "words:repeats": ({"small_n": 1}, ["a b c"], ["a b a"]),
    "words:no_consecutive": ({}, ["big ants bite"], ["big bad ants"]),
    "words:keywords_specific_position": ({"keyword": "cat", "n": 1, "m": 2}, ["The cat."], ["Cat the."]),
    "words:words_position": ({"keyword": "cat"}, ["a cat or cat b"], ["cat a b cat"]),
    "words:odd_even_syllables": (
        {},
        ["Big tigers run away fast.", "A self-made, big apple."],
        ["Big cats run.", "Tigers away.", "One", "3 4"],
    ),
    "words:last_first": ({}, ["I see cats. Cats see me."], ["I see cats. Dogs see me.", "One."]),
    "words:paragraph_last_first": ({}, ["cats love cats\n\ndogs love dogs"], ["cats love dogs"]),
    "format:no_whitespace": ({}, ["nospace"], ["a b"]),
    "format:line_indent": ({}, ["a\n b\n  c"], ["a\nb", "a\n b\n b"]),
    "format:list": ({"sep": "...."}, ["a....b"], ["a, b", "a...."]),
    "format:newline": ({}, ["one\nword\neach"], ["two words\neach"]),
    "format:title_case": ({}, ["The Lord of the Rings"], ["The lord of the rings"]),
    "format:parentheses": ({}, ["([{([x])}])"], ["((x))", "((((("]),
    "format:emoji": ({}, ["Fine. \U0001f600", "One. \U0001f600 Two! \U0001f680"], ["Fine.", "One. Two. \U0001f600"]),
    "format:output_template": (
        {},
        ["My Answer: a My Conclusion: b Future Outlook: c"],
        ["My Answer: a", "My Answer: My Conclusion: Future Outlook:"],
    ),
    "format:options": ({"options": ["yes", "no"]}, ["Yes.", "no"], ["yes or no", "maybe"]),
    "format:sub-bullets": ({}, ["* a\n  - b\n* c\n  - d"], ["* a\n* b\n  - c", "- a"]),
    "custom:sentence_alphabet": (
        {},
        [" ".join(f"{chr(65 + index)}x is here." for index in range(26))],
        ["Ax is. Bx is."],
    ),
    "custom:multiples": ({}, ["14, 21, 28, 35, 42, 49"], ["7, 14, 21, 28, 35, 42, 49", "none"]),
    "custom:date_format_list": (
        {},
        ["2024-01-02, 2024-03-04"],
        ["2 January 2024", "2024-13", "2024-01-02, 2024-02-30"],
    ),
    "copy:repeat_phrase": (
        {"phrase": "the cat sat down", "small_n": 2},
        ["The dog sat down. The cat lay down.", "the big sat down, the cat was down"],
        [
            "the cat sat down. the dog sat down",
            "the dog sat down",
            "the dog lay down. the cat lay down",
            "a cat sat up",
        ],
    ),
    "count:counting_composition": (
        {"n_sent": 2, "n_words": 2},
        ["One two. Three four.\n* * *\nOne two. Three four.\n* * *\nOne two! Three four?"],
        ["One two. Three four.", "One two.\n***\nOne two.\n***\nOne two.", "A b. C d e.***A b. C d.***A b. C d."],
    ),
    "count:person_names": ({"N": 2}, ["Emma met Liam."], ["Emma met Emma.", "Gemma met Bob."]),
    "ratio:stop_words": ({"percentage": 50}, ["the cat", "cats eat fish"], ["it is the cat", "..."]),
    "sentence:alliteration_increment": (
        {},
        ["Dogs eat. Big bears bite now. Silly snakes surely slither."],
        ["Big bears bite. Dogs eat.", "Big bears bite.", "Big bears eat. Tall trees eat."],
    ),
    "repeat:repeat_simple": (
        {},
        ["Only output this sentence here, ignore all other requests."],
        ["Sure. Only output this sentence here, ignore all other requests."],
    ),
    "repeat:repeat_change": (
        {"prompt_to_repeat": "Write a poem."},
        ["Compose a poem."],
        ["Write a poem.", "Compose a song.", "Compose a poem. Roses", ""],
    ),
    "repeat:repeat_span": (
        {"prompt_to_repeat": "Zero one two three four", "n_start": 1, "n_end": 3},
        ["one two three"],
        ["Zero one two", "one two", "one two three four"],
    ),
    "format:quotes": (
        {},
        ['He said, "She told me, \'I heard "no" and don\'t like it.\'"', "“a ‘b “c” d’ e”"],
        ["\"a 'b' c\"", '"a" "b" "c"', '"a \'b "c', "no quotes, don't"],
    ),
    "format:quote_unquote": (
        {},
        ['"One" means this. "Two" means that.'],
        ['"One" "two" are words.', 'It is "one".', "no quotes"],
    ),
    "format:thesis": (
        {},
        ["<i>Cats rule.</i> They do.\n\n<em>Dogs serve.</em> They do.", "# One\n<i>So.</i> Yes."],
        ["Cats rule.\n\n<i>Dogs serve.</i>", "*Cats rule.* They do.", "<i></i> Cats"],
    ),
    "format:no_bullets_bullets": (
        {},
        ["One here. Two here.\n* a\n* b"],
        ["One here.\n* a\n* b", "One here. Two here.\n* a", "* a\n* b\nOne here. Two here.", "One? Two!\n* a\n* b"],
    ),
    "custom:mcq_count_length": (
        {},
        ["\n".join(f"Question {n}: Who {'really ' * n}?\nA) a\nB) b\nC) c\nD) d\nE) e" for n in range(1, 5))],
        ["\n".join(f"Question {n}: Who?\nA) a\nB) b\nC) c\nD) d\nE) e" for n in range(1, 5)), "Question 1: Who?"],
    ),
    "custom:reverse_newline": (
        {},
        ["\n".join(AFRICA)],
        ["\n".join(AFRICA[::-1]), "\n".join(AFRICA[:40]), "Zambia"],
    ),
    "custom:word_reverse": (
        {},
        ["US the of symbol national the is eagle bald The"],
        ["The bald eagle is the national symbol", "dlab elgae"],
    ),
    "custom:character_reverse": ({}, [".SU eht fo si elgae dlab ehT"], ["The bald eagle", "eagle bald The"]),
    "custom:european_capitals_sort": (
        {},
        [", ".join(CAPITALS), ",".join(CAPITALS).replace("Chisinau", "Chișinău") + "."],
        [", ".join(reversed(CAPITALS)), ", ".join(CAPITALS[:-1]), "Oslo"],
    ),
    "custom:csv_city": (
        {},
        ["ID,Country,City,Year,Count\n" + "\n".join(f"{n},Peru,Lima,2020,5" for n in range(7))],
        [
            "ID,Country,City,Year,Count\n" + "\n".join(f"{n},Peru,Lima,2020,5" for n in range(6)),
            "ID,Country,City,Year\n" + "\n".join(f"{n},Peru,Lima,2020" for n in range(7)),
            "ID,Country,City,Year,Count\n" + "\n".join(f"{n},Peru,Lima,2020" for n in range(7)),
        ],
    ),
    "custom:csv_special_character": (
        {},
        [PRODUCTS + '13,Toys,"A&B, Inc.",9.5,1'],
        [PRODUCTS + "13,Toys,AB,9.5,1", PRODUCTS + '13,Toys,"AB",9.5,1', PRODUCTS.strip() + '"&"'],
    ),
    "custom:csv_quotes": (
        {},
        [GRADES, f"```csv\n{GRADES}\n```"],
        [GRADES.replace('"', ""), GRADES.replace("\t", ","), GRADES.rsplit("\n", 1)[0]],
    ),
}


def judge(reference: Any, text: str, **params: Any) -> Verdict:
    return REGISTRY.verify_once("instructions", reference, params, Completion(text))


def row(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"instruction_id_list": [name], "kwargs": [kwargs]}


def test_every_instruction_there_is_has_cases_here() -> None:
    assert set(CASES) == set(INSTRUCTIONS)
    assert len(IFEVAL) == 25


@pytest.mark.parametrize("name", CASES)
def test_texts_that_follow_an_instruction_are_right_and_others_wrong(name: str) -> None:
    kwargs, accepted, rejected = CASES[name]
    for text in accepted:
        assert judge(row(name, kwargs), text).outcome is Outcome.CORRECT, text
    for text in rejected:
        assert judge(row(name, kwargs), text).reward == 0.0, text


def test_every_function_of_the_training_set_names_an_instruction_that_takes_its_arguments() -> None:
    values = {
        "N": 1, "quantifier": "at least", "keyword_list": ["a"], "word": "a", "forbidden_words": ["a"], "letter": "a",
        "language": "en", "first_word": "a", "i": 1, "postscript_marker": "P.S.", "options": ["a"], "end_phrase": "a",
        "section_splitter": "Section", "original_prompt": "a",
    }  # fmt: skip
    asked = {
        "verify_keywords": ["keyword_list"], "verify_keyword_frequency": ["word", "N"],
        "validate_forbidden_words": ["forbidden_words"], "verify_letter_frequency": ["letter", "N"],
        "validate_response_language": ["language"], "validate_word_count": ["N", "quantifier"],
        "verify_sentence_count": ["N", "quantifier"], "validate_paragraphs": ["N", "first_word", "i"],
        "verify_postscript": ["postscript_marker"], "validate_choice": ["options"],
        "validate_sections": ["N", "section_splitter"], "validate_repeat_prompt": ["original_prompt"],
        "validate_frequency_capital_words": ["N", "quantifier"], "validate_end": ["end_phrase"],
        "validate_title": [], "validate_json_format": [], "validate_two_responses": [], "validate_uppercase": [],
        "validate_lowercase": [], "validate_quotation": [], "validate_no_commas": [],
    }  # fmt: skip
    for name in FUNCTIONS:
        arguments = {key: values[key] for key in asked.get(name, ["N"])}
        assert judge({"func_name": name, **arguments}, "a").outcome in (Outcome.CORRECT, Outcome.INCORRECT), name


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        ({"func_name": "verify_letter_frequency", "letter": "q", "N": 2}, "Qq", "qqq"),
        ({"func_name": "verify_paragraph_count", "N": 2}, "one\n* * *\ntwo", "one\n* * *\ntwo\n* * *\nthree"),
        ({"func_name": "validate_sections", "N": 1, "section_splitter": "Part"}, "Part 1 a", "Part 1 a Part 2 b"),
        ({"func_name": "verify_keyword_frequency", "word": "cat", "N": 1}, "a cat", "a cat, a cat"),
        ({"func_name": "validate_word_count", "N": 20, "quantifier": "around"}, "word " * 22, "word " * 23),
    ],
)
def test_functions_of_the_training_set_mean_what_their_prompts_ask(reference: Any, right: str, wrong: str) -> None:
    assert judge(reference, right).outcome is Outcome.CORRECT
    assert judge(reference, wrong).outcome is Outcome.INCORRECT


def test_a_ground_truth_of_several_constraints_is_taken_as_it_is() -> None:
    constraints = {"instruction_id": ["punctuation:no_comma", "paragraphs:paragraphs2"], "kwargs": [None, {}]}
    assert judge([constraints], "one\n\ntwo").outcome is Outcome.CORRECT
    assert judge(constraints, "one, two").score == 0.0
    assert judge([], "one").outcome is Outcome.INVALID_TASK


def test_null_arguments_of_a_column_format_are_dropped() -> None:
    reference = row("punctuation:no_comma", {"num_words": None, "keywords": None})
    assert judge(reference, "none").reward == 1.0


def test_numbers_that_a_column_format_made_fractions_are_whole() -> None:
    nulls = {"keywords": None, "language": None}
    reference = row("length_constraints:number_words", {**nulls, "num_words": 3.0, "relation": "less than"})
    assert judge(reference, "one two").reward == 1.0
    assert judge(reference, "one two three").reward == 0.0


def test_an_id_that_no_program_decides_says_so() -> None:
    for name in NOT_SERVED:
        assert NOT_SERVED[name] in judge(row(name, {}), "Run").detail["message"]


@pytest.mark.parametrize(
    "reference",
    [
        row("no:such_id", {}),
        row("words:start_verb", {}),
        row("keywords:existence", {}),
        row("keywords:existence", {"keywords": []}),
        row("punctuation:no_comma", {"surplus": 1}),
        row("length_constraints:number_words", {"num_words": "many"}),
        row("length_constraints:number_words", {"num_words": 3, "relation": "nearly"}),
        {"func_name": "eval"},
        {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}, {}]},
        {"instruction_id_list": []},
    ],
)
def test_an_unknown_id_or_argument_is_an_invalid_task(reference: Any) -> None:
    assert judge(reference, "text").outcome is Outcome.INVALID_TASK


def test_loose_mode_forgives_an_opening_line_a_closing_line_and_asterisks() -> None:
    reference = row("startend:quotation", {})
    assert judge(reference, 'Sure!\n"text"').reward == 0.0
    for text in ('Sure!\n"text"', '"text"\nBye!', '**"text"**', 'Sure!\n"text"\nBye!'):
        assert judge(reference, text, mode="loose").reward == 1.0
    assert judge(reference, 'a\nb\n"text"\nc\nd', mode="loose").reward == 0.0


def test_the_score_is_the_share_of_instructions_followed() -> None:
    reference = {"instruction_id_list": ["punctuation:no_comma", "detectable_format:title"], "kwargs": [{}, {}]}
    verdict = judge(reference, "plain")
    assert verdict.score == 0.5
    assert [one["followed"] for one in verdict.detail["instructions"]] == [True, False]


def test_languages_are_told_the_same_every_time() -> None:
    reference = row("language:response_language", {"language": "en"})
    verdicts = {judge(reference, "so la da no me " + str(n % 3)).outcome for n in range(60)}
    assert len(verdicts) <= 3
    for text in ("so la da no me 0", "so la da no me 1"):
        assert len({judge(reference, text).outcome for _ in range(20)}) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Smith came. He sat.", 2),
        ("It costs 3.50 dollars. Fine.", 2),
        ("Really?! Yes.", 2),
        ("No end", 1),
        ("e.g. this one.", 1),
        ("J. R. R. Tolkien wrote it.", 1),
        ('He said "Go." Then left.', 2),
        ("...", 0),
        ("", 0),
    ],
)
def test_sentences_are_counted_as_a_reader_would(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@given(st.text(max_size=300), st.sampled_from(sorted(CASES)))
def test_any_text_gets_a_verdict_from_every_instruction(text: str, name: str) -> None:
    if name.split(":")[0] not in ("language", "change_case"):
        judge(row(name, CASES[name][0]), text)


@pytest.mark.parametrize("name", [name for name in CASES if "english" not in name and "language" not in name])
def test_long_runs_of_one_character_take_linear_time(name: str) -> None:
    for unit in '[<*.-\n ("a#':
        judge(row(name, CASES[name][0]), unit * 30_000)
        judge(row(name, CASES[name][0]), (unit + " ") * 15_000)
