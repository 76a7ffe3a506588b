checked-title = Les correspondances automatiques sont-elles justes ?
checked-open = Sont-elles justes ?
checked-about = Ce que des personnes ont constaté en regardant, sous les règles en vigueur. L’intervalle contient la vraie part dans 19 cas sur 20, si les paires regardées ont été prises au hasard.
checked-none = Personne n’a encore regardé de correspondances automatiques sous ces règles.
checked-table = Constaté par des personnes
checked-rule = Règle
checked-checked = Regardées
checked-wrong = Fausses
checked-share = Part de fausses
checked-interval = Fausses parmi toutes
checked-bad = Plus d’une sur cent : envisagez un seuil plus haut.
checked-mark = En marquer beaucoup comme justes
checked-mark-about = Celles dont le score suffit peuvent être marquées comme justes sans les regarder une à une. Elles quittent la file et ne disent rien de la part de fausses ; chacune peut être annulée dans l’historique de sa personne.
checked-waiting = { $count ->
    [0] Aucune correspondance automatique n’attend d’être regardée.
    [one] Une correspondance automatique attend d’être regardée.
   *[other] { $count } correspondances automatiques attendent d’être regardées.
 }
checked-score = Score minimal
checked-score-hint = Un nombre comme 12 ou 12.5.
checked-score-wrong = Écrivez le score minimal comme un nombre, par exemple 12 ou 12.5.
checked-fitting = { $count ->
    [0] Aucune correspondance automatique de cette règle n’atteint ce score.
    [one] Une correspondance automatique de cette règle atteint ce score.
   *[other] { $count } correspondances automatiques de cette règle atteignent ce score.
 }
checked-marked = { $count ->
    [0] Rien n’est marqué.
    [one] Elle sera marquée comme juste.
   *[other] Les { $count } plus anciennes seront marquées comme justes.
 }
done-checked = Fait. Chacune peut être annulée dans l’historique de sa personne.
done-checked-left = Fait, sauf ce qui avait changé entre-temps. Chacune peut être annulée dans l’historique de sa personne.
