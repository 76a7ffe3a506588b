# What waits for a person's eyes.
nav-queue = Work queue
queue-tabs = What is shown
queue-all = All
queue-potential = Potential matches
queue-conflicts = Conflicts
queue-start = Start
queue-undo = Undo my last decision
queue-none = Nothing waits for a decision.
queue-none-here = There is nothing more here.
queue-order = Conflicts come before potential matches, and of each what waits longest first.
queue-table = Pairs that wait for a decision
queue-reason = Why it waits
queue-candidate = Perhaps the same person as
queue-held = Held by
queue-mine = you
queue-skipped = left for later
queue-pages = Pages of the queue
queue-earlier = Earlier
queue-later = Further
pair-title = Same person or not?
pair-held = Somebody else is working on this; you can look, not decide. Held by
pair-take-over = Take it over
pair-candidates = { $count ->
    [one] One candidate
   *[other] { $count } candidates
 }
pair-before = Candidate before
pair-after = Next candidate
pair-alone = Only record A moves; the other records of its person stay where they are
pair-reason = Note (may be empty)
pair-same = Same person
pair-different = Different people
pair-skip = Later
pair-release = Back to the queue
pair-mine = Other records of A’s person
pair-theirs = Other records of B’s person
pair-nothing = Nothing is left to decide about this record. Somebody decided, or it changed and was matched again.
pair-next = Next
pair-warn-sex = B’s person also holds a record of another sex than A’s:
pair-warn-birth = B’s person also holds a record born more than two years from A:
pair-reason-long = A note has 500 characters at the most.
pair-refused = This cannot be done as things stand. They may have been declared different people, or something changed meanwhile.
pair-lost = Somebody else has taken this over meanwhile. Nothing was saved.
done-paired = Done. You can undo it.
done-skipped = Left for later.
done-queue-empty = Nothing more waits for you.
done-taken = It is yours now.
