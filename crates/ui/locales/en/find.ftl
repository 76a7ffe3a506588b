# Another record to compare with.
find-title = Find another candidate
find-rules = What the rules find
find-down = Show down to a score of
find-show = Show
find-none = The rules find nobody else.
find-cut = There are more; ask for a higher score.
find-compare = Compare with record A
find-mine = Of the same person as record A already.
pair-find = Find another
pair-found = Found by you
find-bench = Put on the workbench
