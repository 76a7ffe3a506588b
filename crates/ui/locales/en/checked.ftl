# What was found of automatic matches.
checked-title = Are automatic matches right?
checked-open = Are they right?
checked-about = What people found when they looked, under the rules in force. The range holds the true share in 19 of 20 cases, if those that were looked at were picked by chance.
checked-none = Nobody has looked at automatic matches under these rules yet.
checked-table = Found by people
checked-rule = Rule
checked-checked = Looked at
checked-wrong = Wrong
checked-share = Share wrong
checked-interval = Of all, wrong
checked-bad = More than one in a hundred: consider a higher threshold.
checked-mark = Mark many as right
checked-mark-about = Those that score enough can be marked as right without looking at each. They leave the queue and say nothing about the share of wrong ones; each can be undone by itself in its person’s history.
checked-waiting = { $count ->
    [0] No automatic match waits to be looked at.
    [one] One automatic match waits to be looked at.
   *[other] { $count } automatic matches wait to be looked at.
 }
checked-score = Least score
checked-score-hint = A number such as 12 or 12.5.
checked-score-wrong = Write the least score as a number such as 12 or 12.5.
checked-fitting = { $count ->
    [0] No automatic match of this rule scores as much.
    [one] One automatic match of this rule scores as much.
   *[other] { $count } automatic matches of this rule score as much.
 }
checked-marked = { $count ->
    [0] Nothing is marked.
    [one] It will be marked as right.
   *[other] The oldest { $count } will be marked as right.
 }
done-checked = Done. Each can be undone in its person’s history.
done-checked-left = Done, except for what had changed meanwhile. Each can be undone in its person’s history.
