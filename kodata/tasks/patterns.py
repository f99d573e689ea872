"""The words by which a task about English, or a demand that translation voids, is known in an instruction.

Read off 52,002 Alpaca instructions; what they find there, and how often rightly, stands in tests/golden/tasks.json.
A line is a regular expression between word boundaries, in which `(` only groups, `…` is a gap within the sentence and
`<name>` one of `_WORDS`.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

About = Literal[
    "correction", "grammar", "spelling", "counting", "rhyme", "acronym", "anagram", "pun", "translation",
    "vocabulary", "alphabetical", "word-order", "idiom",
]  # fmt: skip
Constraint = Literal["case", "word-count", "letter"]
Tag: TypeAlias = About | Constraint

_WORDS: dict[str, str] = {
    "text": "(sentence|phrase|text|paragraph|passage|statement|word|essay|article|e-?mail|tweet|letter|document"
    "|message"
    "|clause|question|expression|quote|fragment|title|headline|saying|input)s?|english|following|below|stor(y|ies)",
    "sentence": "(sentence|phrase|text|paragraph|passage|statement|clause|input|word|string)s?|following",
    "class": "(noun|verb|adjective|adverb|preposition|pronoun|conjunction|interjection|determiner|gerund|infinitive"
    "|participle|antecedent|predicate|appositive|modifier)s?",
    "find": "identify|find|name|label|list|count|underline|highlight|extract|locate|what|tell|spot|pick out|classify"
    "|categori[sz]e|point out|circle|mark|output|detect|select|choose|replace|change|convert|transform|remove|delete"
    "|insert|determine|number of",
    "mend": "(correct|fix|check|improve|repair|revis|edit|adjust|rectif|evaluat|analy[sz]|review|verif|rewrit|reword"
    r"|rephras|format|perform|mend|identif|find|spot)\w*",
    "convert": "convert|change|transform|turn|rewrite|make|edit|format|put|output|return|render|rephrase|interpret",
    "make": "create|generate|write|construct|compose|form|build|come up|make up|produce|develop|design|craft|invent"
    "|think of|suggest|brainstorm|(re-?)?arrange|(re)?order|unscramble|combine|complete|describe|fill|use",
    "poem": "(poem|song|lyric|verse|stanza|limerick|couplet|rap)s?|stor(y|ies)",
    "number": r"\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty"
    "|seventy|eighty|ninety|((a|one|two|three|four|five) )?hundred|a thousand",
    "writing": "stor(y|ies)|summar(y|ies)|biograph(y|ies)|speech(es)?|analys[ie]s|(sentence|essay|paragraph|poem"
    "|description|article|report|review|post|letter|tweet|blog|answer|response|explanation|title|headline|slogan"
    "|tagline|abstract|introduction|definition|phrase|text|piece|overview|statement|narrative|caption|name|memo|motto"
    "|dialogue|message|composition|bio)s?",
    "foreign": "french|spanish|german|italian|portuguese|dutch|swedish|norwegian|danish|finnish|polish|czech|russian"
    "|ukrainian|greek|(?<!pig )latin|turkish|arabic|hebrew|hindi|urdu|bengali|tamil|chinese|mandarin|cantonese"
    "|japanese"
    "|korean|thai|vietnamese|indonesian|malay|swahili|esperanto|icelandic|hungarian|romanian|tagalog",
    "case": "(upper|lower)[ -]?case|title case|sentence case|camel ?case|(all|in) (caps|capitals)|capital letters?",
    "idiom": "(idiom|idiomatic expression|proverb|phrasal verb|saying|slang (word|term|phrase))s?",
    "by": r"[^.?!\n]{0,80}?\b(alphabet\w*|length|letters|size|shortest|longest|ascending|descending|chronological)\b",
    "open": "[\"'“‘]",
    "close": "[\"'”’]",
}  # fmt: skip

_ABOUT: dict[Tag, tuple[str, ...]] = {
    "correction": (
        r"(gramm\w*|spelling|punctuation|typographical|typing|orthograph\w+|syntax|syntactic\w*|capitali[sz]ation)"
        r"( ?/ ?\w+|,? (and|or|and/or) \w+|, \w+){0,4} (error|mistake|issue|problem)s?|(usage|word|tense) (error"
        r"|mistake)s?",
        r"typos?|mis-?spel(l\w*|t)|mispel\w*|proof-?read\w*|spell[ -]?check(?!er)\w*|copy-?edit\w*|punctuate",
        r"^(?!<make>\b)[^?!\n]{0,150}?gramm(at|ar)ical(l?y)? (and \w+ )?(correct|incorrect|accurate|sound|wrong"
        r"|proper|right)\w*",
        r"(is|are|was|were|be|being|sentence|more) (\w+ )?(un)?grammatical",
        r"<mend>…(grammar|spelling|punctuation|capitali[sz]ation|syntax)",
        r"(error|mistake)s?(?! messages?)…<text>|(sentence|phrase|text|paragraph|passage|word)s?…(error|mistake)s?",
        r"(insert|add|put|supply|apply|missing|appropriate|remove|delete|proper|correct)…"
        r"(punctuation\w*|commas?(?!-)|apostrophes?|quotation marks|semicolons?)",
        r"(proper|correct|better|standard|good|faulty|incorrect|wrong|poor|bad|broken) (english )?"
        r"(grammar|spelling|syntax|english)",
        r"punctuation (mark )?(should|is|do)|rules of punctuation|omit\w* (the|all) (comma|punctuation)\w*",
        r"(incorrect|wrong|misused|misplaced) words?|^(please )?correct (the|this|these|my|each"
        r"|any)( \w+){0,3} <text>",
        r"run-?on|subject[- ]verb agreement|subject and verb agree|dangling modifier|comma splice|double negatives?"
        r"|sentence fragments?",
    ),
    "grammar": (
        r"(?<!a )tenses?(?! (situation|moment|atmosphere|scene|relation|conversation|meeting|negotiation))",
        r"(active|passive)…voice|voice of (the|this) (\w+ )?(sentence|verb)|changing its voice",
        r"parts?[- ]of[- ]speech|pos[ -]tag\w*|irregular verbs?|modal verbs?|contractions?(?=.{0,80}\b(sentence|word"
        r"|text)s?\b)",
        r"<find>\b…\b<class>\b…\b(in|of|from|within|as|used)\b…\b(<sentence>|<class>)",
        r"(sentence|phrase|clause)s?\b…\b(what|identify|find|list|label|output|underline)\b…\b<class>",
        r"words?\b…\b(as|into|is|are|using)\b…<class>|(classify|categori[sz]e|sort|label)\b…\b(as|into|is"
        r"|by) (an? )?<class>",
        r"<class> (out of|from|of|into|to) (the|an?|each) (\w+ )?<class>|(transitive|auxiliary|main|linking"
        r"|modal) verbs?",
        r"(given|following|this|the) verb\b…\bform|passive form|the verb [\"'“‘]to be",
        r"(noun|verb|adjective|adverb|adverbial|prepositional|participial|relative|dependent|independent|subordinate"
        r"|main)"
        r" (clause|phrase)s?",
        r"plurals?|singular(?! focus)|plurali[sz]e|conjugat\w+|(direct|indirect|reported) speech",
        r"(comparative|superlative|possessive|gerund|infinitive|imperative|past|noun|verb|adjective|adverb) forms?",
        r"(subject|object|predicate)s?\b…\b(of|in|from) (the|this|a|each)\b…(sentence|clause|verb)",
        r"sentence types?|(types?|kind) of sentence|(compound|complex) sentences?|(classify|identify"
        r"|analy[sz]e)\b…sentence structure"
        r"|declarative"
        r"|interrogative|exclamat(ory|ive)|imperative (mood|verb)|(into|is|as) an imperative",
        r"(definite|indefinite|correct|missing|appropriate) articles?(?! (about|on))",
        r"(correct|proper|appropriate|right|suitable) (form|preposition|pronoun|verb|conjunction|possessive)",
        r"parse\b…sentence|grammatical (components?|role|function|features?|categor\w+|rules?)",
    ),
    "spelling": (
        r"(?<!magic )(?<!a )spell(ed)?(?! on| (this|the) number| out (the )?(steps|details|acronym|full"
        r"|abbreviation))(?!-?check)",
        r"spelling (of|for|version)|(correct|british|american|phonetic) spelling|(to|into|using|from) (british"
        r"|american) english",
        r"vowels?|consonants?|pronounc\w+|pronunciations?|phonetic(ally)?|pig latin|morse code|phonetic alphabet",
        r"syllables? (in|of|are|does|is)|into syllables|(stressed|(?<!same )number of|how many) (\w+ )?syllables?"
        r"|words?\b…\b<number> syllables",
        r"letters? (in|of|from) (the|this|each|a|your) (\w+ )?(word|name|alphabet|sentence|string|phrase)s?",
        r"(first|second|third|fourth|last|middle|final|missing|silent|repeated|double|duplicate|\dth) letters?"
        r"(?! (to|of recommendation|writing|for))",
        r"reverse(?!-| engineer)\b…(word|letter|character)s?|reverse (this|the|a) (\w+ )?string"
        r"|backwards?(?=.{0,80}\bword)|capitali[sz]e",
        r"capitali[sz]ed(?=.{0,80}\b(word|sentence|letter)s?\b)|<convert>\b…<case>"
        r"|(write|print) (this|the|these) (\w+ ){1,3}in <case>",
        r"words?\b…\b(contain|contains|containing|have|has|include|including) (the )?letters?",
        r"(remove|delete|replace|discard|swap|switch|filter out)\b…(letter|character)s?",
    ),
    "counting": (
        r"(count|counting|how many|number of|calculate|measure|length of)\b…(word|letter|vowel|syllable|sentence)s?\b"
        r"(?! (to|limit|per))…\b(in|of|from|does|are|contains?|has|have|is)",
        r"(count|how many|number of|length of)\b…characters\b…(sentence|string|text|word|phrase|input|space)s?",
        r"(how (often|many times)|frequency|occurrences?|number of times)\b…(word|letter|character)s?"
        r"|word frequenc\w+",
        r"(longest|shortest) (\w+ )?words?|(more|fewer|less) than \w+ letters|word counts? (of|for|in)",
        r"(calculate|measure|find|output|determine|what is|count|compute)\b…length of\b…(word|sentence|string"
        r"|phrase)",
        r"<number>[- ]letter words?|words? (of|with) (exactly |only |at least )?<number> letters",
    ),
    "rhyme": (
        r"(?<!\ba )rhym(e|es|ed|ing) (\w+ )?with|rhymes? for|rhym(ing|able|e) (words?|phrases?) (for|of|to)",
        r"^(?!.*\b<poem>\b)(.*\b)?(rhym(ing|e) (word|pair|synonym)s?|(word|pair|phrase)s? (that|which) rhyme)",
        r"(do|does|if|whether)\b…rhymes?(?!\s*,)",
        r"(identify|find|determine|what|analy[sz]e|detect|label)\b…rhym\w+ (scheme|pattern|words?)(?! of an? )",
    ),
    "acronym": (
        r"acronyms?|initialisms?|backronyms?|mnemonics?|abbreviat(e|ed|ion|ions|ing)|letters stand for",
        r"(?-i:[A-Z]{2,6})\b.{0,15}\bstands? for|stands? for\b.{0,15}\b(?-i:[A-Z]{2,6})",
    ),
    "anagram": (
        r"anagrams?|palindrom(e|es|ic)(?! (number|integer|date)s?)|unscrambl\w+|scramble",
        r"scrambl\w+ (words?|letters?|sentence)|(re-?arrange|arrange|reorder|jumbled) (\w+ ){0,3}letters",
        r"(from|using|given|following|these|list of) (\w+ ){0,3}letters\b…(words?|form|make)",
        r"words?\b…\b(from|using|out of|with) (the |these |following |given |only |all )+letters",
    ),
    "pun": (
        r"puns?|punny|tongue[- ]twisters?|alliterat\w+|word ?plays?|plays? on words|acrostics?|spoonerisms?",
        r"knock[- ]knock|assonance|portmanteaus?",
    ),
    "translation": (
        r"(?<!google )(?<!lost in )translat(e|es|ed|ing|ion|ions)(?! matrix| of (dna|rna|mrna))(?!…\b(equation"
        r"|expression|mathematical|genetic"
        r"|proteins?|mrna|ribosomes?|actions?|formula|algebra\w*|binary|data|pseudocode|inequality)\b)",
        r"(say|express|called|word)\b…\bin (english|<foreign>)(?! (class|culture|literature|cuisine|history))",
        r"<foreign> (word|phrase|sentence|expression|verb|text)s?|(english|<foreign>) (translations?|equivalents?"
        r"|version)",
        r"<convert>\b…\b(from|into|to|in|using) (\w+ )?(english|<foreign>)(?! (dollar|yen|euro|won|rupee|peso)s?)",
        r"(plain|formal|modern|old|simple|simplified|shakespearean|colloquial|basic|everyday|middle|clear)"
        r" english|(what|which) language|language of (the|this) (\w+ )?(sentence|text|word|phrase)s?",
    ),
    "vocabulary": (
        r"(synonym|antonym|homophone|homonym|homograph)\w*|(make|create|invent|come up with"
        r"|coin) (\w+ ){0,2}new words?",
        r"(another|alternative|different|better|similar|opposite|equivalent|stronger|simpler) words? (for|to|of|that"
        r"|in)",
        r"opposites? (meaning )?(of|for|to)\b…(words?\b|adjectives?\b|(?=<open>))|opposite (word|adjective)s?",
        r"words? (\w+ )?(that )?(means?|meaning) (the )?(same|opposite)",
        r"words? (\w+ )?(that|which|with|having|of)\b…\b(opposite|similar|same) (in meaning|meaning)|collocations?",
        r"(prefix|suffix)(es)?|(root|base|compound) words?|word forms|forms of the word|word famil\w+|etymolog\w+"
        r"|stemm\w+|lemmati\w+",
        r"(origin|roots?) of (the|this) word|words? with the root|derived from\b…words?",
        r"(new|made-up|compound|nonsense|single|invented) words?\b…(combin|blend|merg|join|mix)\w*",
        r"(combin|blend|merg|join|mix)\w* (\w+ ){0,3}words\b…((new|compound|single|one) word|word that)",
    ),
    "alphabetical": (r"alphabetic(al|ally)?|alphabeti[sz]e\w*|order of the alphabet|lexicographic\w*",),
    "word-order": (
        r"(re-?)?(arrang|organi[sz])\w* (\S+ ){0,5}words?(?!<by>)",
        r"(reorder|re-order|(?<!in )order|unjumble)\b…words?\b(?!<by>)…(order|sentence|phrase|question)",
        r"(put|place) (\w+ ){0,3}words? (\w+ ){0,2}in (the )?(correct|right|proper|logical) order",
        r"(words?|fragments|elements|phrases?)\b…(re-?)?(arrang|order)(e|ed|ing)\b…(sentence|phrase)",
        r"(re-?)?(arrange|order|organi[sz]e)\b…(elements|fragments|phrases|pieces|parts)\b…sentence",
        r"(jumbled|scrambled|shuffled|mixed-up|out of order) (\w+ )?(word|sentence|phrase)s?",
    ),
    "idiom": (
        r"<idiom>[^.?!\n]{0,25}?(: ?| )(?=<open>)",
        r"^(please )?(?!(create|generate|write|compose|make up|come up|invent|suggest|provide me"
        r"|give me an?)\b)…\b(given|following|this|these|the|any) (\w+ )?<idiom>",
    ),
}  # fmt: skip
_CONSTRAINTS: dict[Tag, tuple[str, ...]] = {
    "case": (
        r"(all|only|entirely|use|using|in|with) (\w+ )?((upper|lower)[ -]?case|caps|(?<!their )capitals"
        r"|capital letters)",
        r"(upper|lower)[ -]?case letters?",
    ),
    "word-count": (
        r"(exactly|at least|at most|((no|not) )?(more|less|fewer|longer) than|under|over|below|(max|min)(imum)?( of)?"
        r"|up to|within|limit\w*( to)?|around|about|approximately|only|not exceed(ing)?|length of|to|between)"
        r" (\d+ ?(-|to|and) ?)?<number> words?(?! (that|which|from|in the|of the))",
        r"<number> words? (or (less|fewer|more|under)|long|in length|(max|min)(imum)?|each|limit)",
        r"<number>[ -]words?[ -](\w+[ -])?<writing>",
        r"(in|using|(?<!list )of|with) ((just|only) )?<number> words(?! (that|which|from|in the|of the|with|related"
        r"|provided|given"
        r"|below|of your)| ?:)|word (limit|count)(?! (of the (sentence|text|passage)|in))",
    ),
    "letter": (
        r"(start|begin|end)(s|ning|ing)? (with|in|by) ((the|an?) )?((same|capital|first) )?(letter|vowel"
        r"|consonant)s?",
        r"(start|begin|end)(s|ning|ing)? (with|in) <open>?(?-i:[A-Z])(<close>|(?=[.,?]| and | or |$))",
        r"letters? <open>\w|letter [(]?(?-i:[A-Z]|[b-hj-z]\b)(?![\w'-])|same (first |initial |starting )?letter",
    ),
}  # fmt: skip
# No clue of a tag stands where none of these does: plain text is found a hundred times faster than a pattern.
STEMS: Final[dict[Tag, tuple[str, ...]]] = {
    "correction": (
        "gramm", "spel", "punctua", "comma", "apostrophe", "quotation", "colon", "synta", "orthogra", "error",
        "mistake", "typ", "proof", "copy", "correct", "wrong", "mis", "run-on", "runon", "agree", "dangling",
        "negative", "fragment", "english", "capitali",
    ),
    "grammar": (
        "tense", "voice", "speech", "pos", "verb", "noun", "adjective", "conjunction", "interjection", "determiner",
        "gerund", "infinitive", "participle", "antecedent", "predicate", "modifier", "clause", "phrase", "plural",
        "singular", "conjugat", "comparative", "superlative", "imperative", "past form", "subject", "object",
        "sentence", "declarative", "interrogative", "exclamat", "article", "contraction", "grammatical", "form",
    ),
    "spelling": (
        "spel", "english", "vowel", "consonant", "pronounc", "pronunc", "phonetic", "pig latin", "morse", "syllab",
        "letter", "character", "reverse", "backward", "capital", "case", "caps",
    ),
    "counting": (
        "count", "how many", "how often", "number of", "calculate", "measure", "length", "frequen", "occurrence",
        "longest", "shortest", "letter",
    ),
    "rhyme": ("rhym",),
    "acronym": ("acronym", "initialism", "mnemonic", "abbreviat", "stand for", "stands for"),
    "anagram": ("anagram", "palindrom", "scrambl", "letters"),
    "pun": ("pun", "tongue", "alliterat", "play", "acrostic", "spoonerism", "knock", "assonance", "portmanteau"),
    "translation": ("translat", "language", "english", *_WORDS["foreign"].replace("(?<!pig )", "").split("|")),
    "vocabulary": (
        "nym", "homophone", "homograph", "word", "opposite", "prefix", "suffix", "etymolog", "stemm", "lemmati",
    ),
    "alphabetical": ("alphabet", "lexicographic"),
    "word-order": ("rang", "order", "organi", "jumbled", "scrambled", "shuffled", "mixed-up"),
    "idiom": ("idiom", "proverb", "phrasal", "saying", "slang"),
    "case": ("case", "caps", "capital"),
    "word-count": ("word",),
    "letter": ("letter", "start", "begin", "end"),
}  # fmt: skip
_NOT_LANGUAGE = (
    # it asks for a program ...
    r"(function|program|algorithm|script|password|passcode|random string|classifier|chatbot|username|app|api"
    r"|data structure)s?"
    r"|(?<!morse )code|regex|regular expressions?|sql|query|python|java|javascript|html|software",
    # ... or about the concept itself
    r"(what (is|are|does)|define|definition (of|for)|explain|describe) ((the )?(terms?|concept|literary device"
    r"|definition"
    r"|meaning|word) (of )?)*<open>?(an? )?<open>?(alliteration|anagram|palindrome|acronym|idiom|proverb|pun|homonym"
    r"|homophone|synonym|antonym|phonetics|grammar|syntax|tongue twister|acrostic)s?<close>?\s*([.?]|means?\b|$)",
)  # fmt: skip


def _pattern(lines: tuple[str, ...]) -> re.Pattern[str]:
    text = "|".join(rf"(?<!\w)({line})(?!\w)" for line in lines)
    for name, words in _WORDS.items():
        text = text.replace(f"<{name}>", f"({words})")
    text = re.sub(r"(?<![\\[])\((?!\?)", "(?:", text).replace("…", r"[^.?!\n]{0,50}?")
    return re.compile(text, re.IGNORECASE)


CLUES: Final[dict[Tag, re.Pattern[str]]] = {tag: _pattern(lines) for tag, lines in {**_ABOUT, **_CONSTRAINTS}.items()}
NO_TASK: Final = _pattern(_NOT_LANGUAGE)
