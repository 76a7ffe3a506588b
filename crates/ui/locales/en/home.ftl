# The dashboard.
home-work = Work
home-potential = { $count ->
    [one] potential match
   *[other] potential matches
 }
home-conflicts = { $count ->
    [one] conflict: a record that fits several persons
   *[other] conflicts: records that fit several persons
 }
home-automatic = { $count ->
    [one] automatic match to check
   *[other] automatic matches to check
 }
home-work-none = Nothing to review.
home-as-of = As of { $time }
home-nothing-here = Your role has no work on this page.
home-oldest = The first since { $time }
home-change = today
home-start = Start the next one
home-day = My day
home-day-about = Decisions of today (UTC); seconds since this sign-in.
home-break = You have reviewed for an hour without a break. Tired eyes miss twins.
home-decided = { $count ->
    [one] decision
   *[other] decisions
 }
home-undone = { $count ->
    [one] undone
   *[other] undone
 }
home-median = seconds for a decision, in the middle
home-registrations = New records
home-range = How far back
home-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
 }
home-daily = By day and system
home-weekly = By week and system
home-total = { $count ->
    [one] { $count } record
   *[other] { $count } records
 }
home-registrations-none = No new records in these days. Records come from systems that send them (FHIR) and from files (opencr import).
home-others = Others
home-table = As a table
home-on-day = Day
home-week-from = Week from
home-sum = All
home-scores = How well new records match
home-scores-about = The best match that each new record found, under the rules in force, since { $date }.
home-scores-none = No new records under these rules yet.
home-scores-log = Heights grow with the logarithm: each step is ten times as many.
home-rule-none = Nothing matched by this rule.
home-share-none = Matched nobody
home-share-review = Left to a person
home-share-automatic = Linked by the rules
home-band-review = left to a person
home-band-automatic = linked by the rules
home-from-review = looked at from
home-from-automatic = linked from
home-failed = This could not be loaded.
home-again = Try again
home-troubles = The registry needs its administrator
home-trouble-closed = Submissions are not accepted.
home-trouble-index = The match index is { $count } events behind and stands still: what other nodes registered is not matched here.
home-trouble-over = This is over and has to be renewed: { $what }
home-trouble-ends = { $days ->
    [0] This ends today: { $what }
    [one] This ends tomorrow: { $what }
   *[other] This ends in { $days } days: { $what }
 }
