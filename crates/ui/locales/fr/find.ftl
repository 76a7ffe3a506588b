# Another record to compare with.
find-title = Trouver une autre candidate
find-rules = Ce que les règles trouvent
find-down = Montrer jusqu’à un score de
find-show = Montrer
find-none = Les règles ne trouvent personne d’autre.
find-cut = Il y en a d’autres ; demandez un score plus haut.
find-compare = Comparer avec la fiche A
find-mine = Déjà de la même personne que la fiche A.
pair-find = En trouver une autre
pair-found = Trouvée par vous
find-bench = Mettre sur l’établi
