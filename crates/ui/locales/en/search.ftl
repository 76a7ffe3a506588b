# Looking for persons.
nav-search = Search
search-box = Name, birth date, phone, identifier or person number
search-go = Search
search-hint = For example a name and a birth year. Words are names, 1987-04 is a birth date, other digits are a phone or an identifier.
search-tips = Names are found by how they begin. More fields has filters, and finds names that sound or are spelt alike.
search-more = More fields
search-clear = Start anew
search-any = Any
search-birth-hint = Year, year-month or year-month-day: 1987, 1987-04, 1987-04-12
search-identifier = Identifier
search-place = Place
search-source = System
search-flag = Flag
search-spelling = Names
search-begins = Begin so
search-exact = Exactly so, with accents and capitals
search-alike = Sound or are spelt alike
search-ended = This search is not kept any more. Please search again.
search-empty = Say who you are looking for.
search-short = A name needs at least two letters; or add a birth date.
search-birth-wrong = This is no birth date. Write 1987, 1987-04 or 1987-04-12.
search-wrong = This cannot be searched for as it is written.
search-reading = Looked for:
search-number = phone or identifier
search-name = name
search-id = person or record number
search-found = { $count ->
    [0] Nobody found
    [one] 1 person found
   *[other] { $count } persons found
 }
search-suggested = { $count ->
    [0] Nobody so far
    [one] 1 person so far
   *[other] { $count } persons so far
 }
search-suggestions = Suggestions
search-keys = Arrow keys choose among what is suggested, Enter opens it, Esc closes.
search-cut = More than a thousand records fit; only a thousand of them are shown. Add a birth year or a system.
search-none = No record has all of this. Check the spelling, or look with less.
search-try-alike = Look for names that sound or are spelt alike
search-pages = Pages of results
page-before = Page before
page-after = Next page
why-exact = exact
why-begins = begins so
why-sounds = sounds alike
why-similar = similar, { $score }
search-cruid-hint = The whole number, or at least its first four characters
search-cruid-wrong = A person number has at least four characters: letters, digits and hyphens.
flag-broken = Has a broken match
search-leave-out = leave out
search-without = Without
read-name = as any name
read-family = as family name
read-given = as given name
read-phone = as phone
read-identifier = as identifier
search-recent = Opened last
search-bench = Open in workbench
search-persons = { $count ->
    [one] 1 person
   *[other] { $count } persons
 }
search-persons-more = { $count ->
    [one] 1 person and more
   *[other] { $count } persons and more
 }
search-select = Select
search-compare = Compare two that are selected
beside-title = Two persons side by side
beside-two = Select two persons in the results of a search, no more and no fewer.
beside-about = There is nothing to decide here. What waits about these records is in the queue.
