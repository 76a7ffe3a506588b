break-title = Séparer des fiches
break-hint = Les fiches choisies quittent cette personne et sont déclarées personnes différentes de celles qui restent. Rien n’est enregistré avant que vous ayez vu ce qui va se passer.
break-grouping = Les fiches choisies
break-together = sont une seule personne, une autre
break-apart = sont chacune une personne
break-all = Au moins une fiche doit rester.
broken-title = Annuler des séparations
broken-hint = Les paires choisies peuvent de nouveau être une personne, et les règles décident à nouveau. Rien n’est enregistré avant que vous ayez vu ce qui va se passer.
undo-title = Annuler une décision
undo-hint = Ce que la décision a changé est remis en place par un nouvel événement ; rien n’est effacé de l’historique.
undo-link = Annuler la décision
decide-choose = Choisir
decide-none = Choisissez-en au moins une.
decide-look = Montrer ce qui va se passer
decide-preview = Ce qui va se passer
decide-confirm = Exécuter
decide-cancel = Laisser tel quel
decide-nothing = Rien ne change.
decide-refused = Ce n’est pas possible en l’état ; quelque chose a peut-être changé entre-temps. Regardez de nouveau la personne.
decide-moved = { $record } quitte { $from } et rejoint { $to }.
decide-moved-new = { $record } quitte { $from } et devient une nouvelle personne.
decide-retire = Il n’y aura plus personne à { $cruid }.
decide-replace = { $cruid } sera réuni à { $other }.
decide-closed = { $count ->
    [one] Un signalement est levé.
   *[other] { $count } signalements sont levés.
 }
decide-opened = { $count ->
    [one] Un signalement est posé.
   *[other] { $count } signalements sont posés.
 }
done-decided = Fait. L’historique le garde et permet de l’annuler.
reason-hint = Pourquoi vous décidez ainsi, sans noms ni numéros de personnes : c’est conservé pour toujours.
reason-missing = Donnez un motif, de 500 caractères au plus.
