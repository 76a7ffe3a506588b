# Chercher des personnes.
nav-search = Recherche
search-box = Nom, date de naissance, téléphone, identifiant ou numéro de personne
search-go = Chercher
search-hint = Par exemple un nom et une année de naissance. Les mots sont des noms, 1987-04 une date de naissance, d’autres chiffres un téléphone ou un identifiant.
search-tips = Les noms sont trouvés par leur début. « Plus de champs » offre des filtres et trouve les noms qui se prononcent ou s’écrivent de façon proche.
search-more = Plus de champs
search-clear = Recommencer
search-any = Tous
search-birth-hint = Année, année-mois ou année-mois-jour : 1987, 1987-04, 1987-04-12
search-identifier = Identifiant
search-place = Lieu
search-source = Système
search-flag = Signalement
search-spelling = Noms
search-begins = Commencent ainsi
search-exact = Exactement ainsi, accents et majuscules compris
search-alike = Se prononcent ou s’écrivent de façon proche
search-ended = Cette recherche n’est plus conservée. Veuillez chercher de nouveau.
search-empty = Dites qui vous cherchez.
search-short = Un nom demande au moins deux lettres ; ou ajoutez une date de naissance.
search-birth-wrong = Ce n’est pas une date de naissance. Écrivez 1987, 1987-04 ou 1987-04-12.
search-wrong = Cela ne peut pas être cherché tel que c’est écrit.
search-reading = Cherché :
search-number = téléphone ou identifiant
search-name = nom
search-id = numéro de personne ou de fiche
search-found = { $count ->
    [0] Personne n’a été trouvé
    [one] { $count } personne trouvée
   *[other] { $count } personnes trouvées
 }
search-suggested = { $count ->
    [0] Personne pour l’instant
    [one] { $count } personne pour l’instant
   *[other] { $count } personnes pour l’instant
 }
search-suggestions = Suggestions
search-keys = Les flèches choisissent parmi les suggestions, Entrée ouvre, Échap ferme.
search-cut = Plus de mille fiches conviennent ; mille d’entre elles seulement sont montrées. Ajoutez une année de naissance ou un système.
search-none = Aucune fiche n’a tout cela. Vérifiez l’orthographe, ou cherchez avec moins.
search-try-alike = Chercher les noms qui se prononcent ou s’écrivent de façon proche
search-pages = Pages de résultats
page-before = Page précédente
page-after = Page suivante
why-exact = exact
why-begins = commence ainsi
why-sounds = se prononce de même
why-similar = proche, { $score }
search-cruid-hint = Le numéro entier, ou au moins ses quatre premiers caractères
search-cruid-wrong = Un numéro de personne a au moins quatre caractères : lettres, chiffres et tirets.
flag-broken = A une correspondance rompue
search-leave-out = laisser de côté
search-without = Sans
read-name = comme nom quelconque
read-family = comme nom de famille
read-given = comme prénom
read-phone = comme téléphone
read-identifier = comme identifiant
search-recent = Ouvertes en dernier
search-bench = Ouvrir dans l’établi
search-persons = { $count ->
    [one] { $count } personne
   *[other] { $count } personnes
 }
search-persons-more = { $count ->
    [one] { $count } personne et plus
   *[other] { $count } personnes et plus
 }
search-select = Sélectionner
search-compare = Comparer les deux sélectionnées
beside-title = Deux personnes côte à côte
beside-two = Sélectionnez deux personnes parmi les résultats d’une recherche, ni plus ni moins.
beside-about = Il n’y a rien à décider ici. Ce qui attend au sujet de ces fiches est dans la file.
