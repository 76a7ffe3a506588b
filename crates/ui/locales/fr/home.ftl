home-work = Travail
home-potential = { $count ->
    [one] correspondance possible
   *[other] correspondances possibles
 }
home-conflicts = { $count ->
    [one] conflit : une fiche convient à plusieurs personnes
   *[other] conflits : des fiches conviennent à plusieurs personnes
 }
home-automatic = { $count ->
    [one] correspondance automatique à vérifier
   *[other] correspondances automatiques à vérifier
 }
home-work-none = Rien à examiner.
home-as-of = État au { $time }
home-nothing-here = Votre rôle n’a pas de travail sur cette page.
