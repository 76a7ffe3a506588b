fault-bad = La demande n’a pas pu être lue
fault-bad-text = Le formulaire ou l’adresse n’est pas correct. Revenez en arrière et réessayez.
fault-signed-out = Votre session a pris fin
fault-signed-out-text = Rien n’a été enregistré. Connectez-vous, puis renvoyez le formulaire.
fault-forbidden = Vous ne pouvez pas ouvrir cette page
fault-forbidden-text = Demandez à un administrateur un rôle qui le permet.
fault-permission = Il manque l’autorisation { $permission }.
fault-form = Ce formulaire est trop ancien
fault-form-text = Il date d’avant votre connexion, ou vient d’un autre site. Rien n’a été enregistré. Ouvrez de nouveau la page et remplissez-le encore une fois.
fault-missing = Il n’y a rien ici
fault-missing-text = L’adresse est fausse, ou ce qu’elle montrait n’existe plus.
fault-changed = Quelqu’un a été plus rapide
fault-changed-text = Ce que vous voyiez a changé entre-temps, et rien de votre part n’a été enregistré. Rechargez la page pour voir l’état actuel.
fault-twice = Ce formulaire a déjà été envoyé
fault-twice-text = Il est encore en cours de traitement. Attendez un instant, puis vérifiez s’il a abouti.
fault-often = Trop de tentatives
fault-often-text = { $count ->
    [one] Réessayez dans une seconde.
   *[other] Réessayez dans { $count } secondes.
 }
fault-method = Ceci n’est pas possible ici
fault-method-text = L’adresse est juste, mais pas pour ce qui lui a été demandé.
fault-server = Une erreur s’est produite
fault-server-text = Ce n’est pas de votre faute. Si vous avez envoyé un formulaire, rien n’a été enregistré. Réessayez ; si cela persiste, prévenez votre administrateur.
fault-busy = Le registre ne peut pas répondre maintenant
fault-busy-text = Réessayez dans quelques secondes. Si vous avez envoyé un formulaire, rien n’a été enregistré.
fault-reference = Référence dans le journal du serveur :
