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
home-oldest = La première depuis le { $time }
home-change = aujourd’hui
home-start = Commencer la suivante
home-day = Ma journée
home-day-about = Décisions d’aujourd’hui (UTC) ; secondes depuis cette connexion.
home-break = Vous examinez depuis une heure sans pause. Des yeux fatigués manquent les jumeaux.
home-decided = { $count ->
    [one] décision
   *[other] décisions
 }
home-undone = { $count ->
    [one] annulée
   *[other] annulées
 }
home-median = secondes par décision, au milieu
home-registrations = Nouvelles fiches
home-range = Période
home-days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
 }
home-daily = Par jour et système
home-weekly = Par semaine et système
home-total = { $count ->
    [one] { $count } fiche
   *[other] { $count } fiches
 }
home-registrations-none = Aucune nouvelle fiche pendant ces jours. Les fiches viennent des systèmes qui les envoient (FHIR) et de fichiers (opencr import).
home-others = Autres
home-table = En tableau
home-on-day = Jour
home-week-from = Semaine du
home-sum = Tous
home-scores = Comment les nouvelles fiches correspondent
home-scores-about = La meilleure correspondance trouvée par chaque nouvelle fiche, selon les règles en vigueur, depuis le { $date }.
home-scores-none = Aucune nouvelle fiche sous ces règles pour l’instant.
home-scores-log = Les hauteurs suivent le logarithme : chaque pas vaut dix fois plus.
home-rule-none = Aucune correspondance par cette règle.
home-share-none = Aucune correspondance
home-share-review = Laissées à une personne
home-share-automatic = Liées par les règles
home-band-review = laissées à une personne
home-band-automatic = liées par les règles
home-from-review = examinées à partir de
home-from-automatic = liées à partir de
home-failed = Ceci n’a pas pu être chargé.
home-again = Réessayer
home-troubles = Le registre a besoin de son administrateur
home-trouble-closed = Les envois ne sont pas acceptés.
home-trouble-index = L’index de comparaison a { $count } événements de retard et n’avance plus : ce que d’autres nœuds ont enregistré n’est pas comparé ici.
home-trouble-over = Expiré, à renouveler : { $what }
home-trouble-ends = { $days ->
    [0] Expire aujourd’hui : { $what }
    [one] Expire demain : { $what }
   *[other] Expire dans { $days } jours : { $what }
 }
