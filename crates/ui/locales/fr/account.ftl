user-name = Nom d’utilisateur
password = Mot de passe
session-over = Vous n’êtes pas connecté, ou votre session a pris fin. Connectez-vous et vous reviendrez à votre page.
sign-in-refused = Le nom d’utilisateur ou le mot de passe est faux, ou le compte ne peut pas être utilisé.
sign-in-lock = Après { $count ->
    [one] un mot de passe faux
   *[other] { $count } mots de passe faux
 } de suite, un compte est bloqué pendant { $minutes ->
    [one] une minute
   *[other] { $minutes } minutes
 }.
set-up-link = Créer le premier administrateur
set-up-title = Créer le premier administrateur
set-up-intro = Ce registre n’a pas encore de compte. La personne qui l’a démarré peut lire un jeton à usage unique là où il a été démarré.
set-up-token = Jeton à usage unique
set-up-token-hint = Il se trouve dans la sortie du serveur, après le mot ACCOUNTS.
set-up-button = Créer l’administrateur
set-up-token-wrong = Ce jeton est faux ou a déjà servi. Un nouveau est affiché quand le serveur démarre sans compte.
first-name = Prénom
surname = Nom de famille
name = Nom
role = Rôle
password-hint = Au moins { $count } caractères, quels qu’ils soient, espaces compris.
password-short = Le mot de passe est trop court : il faut au moins { $count } caractères.
user-name-bad = Un nom d’utilisateur compte de 1 à 128 caractères, sans espace.
name-bad = Un nom compte au plus 256 caractères.
account-title = Mon compte
account-who = Qui vous êtes
account-since = Compte créé
account-may = Ce que vous pouvez faire
account-may-nothing = Votre compte n’a aucune autorisation. Adressez-vous à un administrateur.
account-look = Langue et apparence
account-look-hint = Conservé avec votre compte.
account-keys = Des touches seules ouvrent des pages et actionnent des boutons
change-password = Changer le mot de passe
change-password-hint = Vos autres sessions prennent fin.
current-password = Mot de passe actuel
new-password = Nouveau mot de passe
new-password-again = Nouveau mot de passe, encore une fois
current-password-wrong = Ce n’est pas votre mot de passe actuel.
new-password-differs = Les deux nouveaux mots de passe ne sont pas identiques.
shortcuts = Touches
shortcut-key = Touches
shortcut-what = Ce qu’elles ouvrent
done-password = Le mot de passe a été changé. Vos autres sessions ont pris fin.
done-look = Enregistré.
done-signed-out = Vous êtes déconnecté.
done-set-up = L’administrateur a été créé. Connectez-vous.
