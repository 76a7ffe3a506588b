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
