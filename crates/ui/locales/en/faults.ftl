# What is shown instead of a page.
fault-bad = This could not be read
fault-bad-text = The form or the address is not as it should be. Go back and try again.
fault-signed-out = Your session has ended
fault-signed-out-text = Nothing was saved. Sign in, then send the form again.
fault-forbidden = You may not open this
fault-forbidden-text = Ask an administrator to give you a role that may.
fault-permission = What is missing is the permission { $permission }.
fault-form = This form is too old
fault-form-text = It was made before you signed in, or by another site. Nothing was saved. Open the page again and fill it in once more.
fault-missing = There is nothing here
fault-missing-text = The address is wrong, or what it showed is gone.
fault-changed = Somebody was faster
fault-changed-text = What you saw has changed meanwhile, and nothing of yours was saved. Load the page again to see how it is now.
fault-twice = This form was sent already
fault-twice-text = It is still being worked on. Wait a moment, then look whether it was done.
fault-often = Too many attempts
fault-often-text = { $count ->
    [one] Try again in one second.
   *[other] Try again in { $count } seconds.
 }
fault-method = This cannot be done here
fault-method-text = The address is right, but not for what was asked of it.
fault-server = Something went wrong
fault-server-text = It is not your fault. Nothing was saved if you sent a form. Try again; if it stays so, tell your administrator.
fault-busy = The registry cannot answer now
fault-busy-text = Try again in a few seconds. Nothing was saved if you sent a form.
fault-reference = The server's log has it as:
