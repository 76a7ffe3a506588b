# Signing in, the first administrator, one's own account.
user-name = User name
password = Password
session-over = You are not signed in, or your session has ended. Sign in and you will be taken back.
sign-in-refused = The user name or the password is wrong, or the account cannot be used.
sign-in-lock = After { $count ->
    [one] one wrong password
   *[other] { $count } wrong passwords
 } in a row an account is locked for { $minutes ->
    [one] one minute
   *[other] { $minutes } minutes
 }.
set-up-link = Make the first administrator
set-up-title = Make the first administrator
set-up-intro = This registry has no account yet. Whoever started it can read a one-time token where it was started.
set-up-token = One-time token
set-up-token-hint = It stands in the output of the server, after the word ACCOUNTS.
set-up-button = Make the administrator
set-up-token-wrong = This token is wrong or was used. A new one is printed when the server starts without accounts.
first-name = First name
surname = Surname
name = Name
role = Role
password-hint = At least { $count } characters. Any will do, blanks too.
password-short = The password is too short: it needs at least { $count } characters.
user-name-bad = A user name has 1 to 128 characters and no blanks.
name-bad = A name has 256 characters at the most.
account-title = My account
account-who = Who you are
account-since = Account made
account-may = What you may do
account-may-nothing = Your account has no permission. Ask an administrator.
account-look = Language and look
account-look-hint = Kept with your account.
account-keys = Single keys open pages and press buttons
change-password = Change the password
change-password-hint = Your other sessions end.
current-password = Current password
new-password = New password
new-password-again = New password again
current-password-wrong = This is not your current password.
new-password-differs = The two new passwords are not the same.
shortcuts = Keys
shortcut-key = Keys
shortcut-what = What they open
done-password = The password was changed. Your other sessions have ended.
done-look = Saved.
done-signed-out = You are signed out.
done-set-up = The administrator was made. Sign in.
