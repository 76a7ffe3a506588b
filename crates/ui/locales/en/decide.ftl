# Decisions about a person: breaking, taking a break back, undoing.
break-title = Break records out
break-hint = The chosen records leave this person, and are declared different people from those that stay. Nothing is saved before you have seen what will happen.
break-grouping = The chosen records
break-together = are one person, another one
break-apart = are each a person of their own
break-all = At least one record has to stay.
broken-title = Take breaks back
broken-hint = The chosen pairs may be one person again, and the rules decide anew. Nothing is saved before you have seen what will happen.
undo-title = Undo a decision
undo-hint = What the decision changed is put back by a new event; nothing is deleted from the history.
undo-link = Undo
decide-choose = Choose
decide-none = Choose at least one.
decide-look = Show what will happen
decide-preview = What will happen
decide-confirm = Carry it out
decide-cancel = Leave it as it is
decide-nothing = Nothing changes.
decide-refused = This is not possible as things stand; perhaps something changed meanwhile. Look at the person again.
decide-moved = { $record } leaves { $from } and joins { $to }.
decide-moved-new = { $record } leaves { $from } and becomes a new person.
decide-retire = Nobody will be at { $cruid } any more.
decide-replace = { $cruid } goes into { $other }.
decide-closed = { $count ->
    [one] One flag is cleared.
   *[other] { $count } flags are cleared.
 }
decide-opened = { $count ->
    [one] One flag is set.
   *[other] { $count } flags are set.
 }
done-decided = Done. The history has it, and can undo it.
reason-hint = Why you decide so, without names or numbers of people: it is kept for good.
reason-missing = Give a reason, of 500 characters at the most.
