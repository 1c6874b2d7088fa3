"""What names are made of."""

FIRST_NAMES = (
    "Aino", "Eero", "Helmi", "Ilmari", "Jaana", "Kalle", "Liisa", "Marko", "Noora", "Oskari", "Pirkko", "Risto", "Satu",
    "Timo", "Ulla", "Väinö", "Anneli", "Eetu", "Elina", "Hannu", "Inkeri", "Janne", "Katri", "Lauri", "Mirja", "Niko",
    "Paula", "Reijo", "Sirpa", "Tapio", "Veera",
)  # fmt: skip
LAST_NAMES = (
    "Aaltonen", "Eskola", "Hakala", "Isotalo", "Jokinen", "Kallio", "Laaksonen", "Mattila", "Nurmi", "Ojala", "Peltola",
    "Rinne", "Saarinen", "Tuominen", "Uusitalo", "Väisänen", "Ylönen", "Äijälä", "Öhman", "Lindroos", "Forsström",
    "Kärkkäinen",
)  # fmt: skip
FIRMS = (
    "Aalto", "Ankkuri", "Graniitti", "Haapa", "Halla", "Havu", "Hopeakuu", "Ilves", "Joutsen", "Kaarna", "Kanerva", "Karhu",
    "Katajisto", "Kettu", "Kivikko", "Koivu", "Kuusamo", "Kymppi", "Lehto", "Lumme", "Majakka", "Meri", "Metso", "Myrsky",
    "Niitty", "Nuotio", "Ohra", "Orvokki", "Paju", "Pihlaja", "Poro", "Purje", "Pyry", "Rantakivi", "Revontuli", "Routa",
    "Ruska", "Saaristo", "Sininen Hetki", "Suvanto", "Talvikki", "Tammi", "Tähti", "Ukkonen", "Vaahtera", "Valkama", "Vuokko",
    "Äyräs", "Öljymäki",
)  # fmt: skip
SYLLABLES = (
    "ka", "lo", "mi", "tu", "re", "sa", "no", "vi", "pe", "hu", "ja", "ky", "ri", "so", "la", "me", "ti", "vo", "na", "su",
)  # fmt: skip
TRADES = (
    "Ravintolat", "Kahvila", "Leipomo", "Hotelli", "Pitopalvelu", "Kauppa", "Tukku", "Ruokapalvelut", "Lounas", "Keittiöt",
    "Kylpylä", "Catering", "Myymälät", "Elintarvike", "Paahtimo", "Panimo", "Koulut", "Hoiva", "Satama", "Huolto", "Konepaja",
    "Rakennus", "Logistiikka", "Maatila", "Kalatalo", "Liha", "Vihannes", "Makeiset", "Market", "Palvelut",
)  # fmt: skip
FORMS = ("Oy", "Oy", "Oy", "Oy Ab", "Ky", "Tmi", "Osk", "Oyj")
STREETS = ("Kauppakatu", "Satamatie", "Asemakatu", "Teollisuustie", "Rantatie", "Kirkkokatu", "Myllytie", "Varastokatu")
CITIES = (
    ("Helsinki", "00100"), ("Espoo", "02100"), ("Tampere", "33100"), ("Vantaa", "01300"), ("Oulu", "90100"),
    ("Turku", "20100"), ("Jyväskylä", "40100"), ("Kuopio", "70100"), ("Lahti", "15110"), ("Pori", "28100"),
    ("Kouvola", "45100"), ("Joensuu", "80100"), ("Lappeenranta", "53100"), ("Hämeenlinna", "13100"), ("Vaasa", "65100"),
    ("Seinäjoki", "60100"), ("Rovaniemi", "96100"), ("Mikkeli", "50100"), ("Kotka", "48100"), ("Salo", "24100"),
    ("Porvoo", "06100"), ("Kokkola", "67100"), ("Lohja", "08100"), ("Hyvinkää", "05800"), ("Rauma", "26100"),
    ("Kajaani", "87100"), ("Savonlinna", "57100"), ("Kemi", "94100"), ("Imatra", "55100"), ("Raahe", "92100"),
)  # fmt: skip

# English and Finnish
KINDS = (
    ("Gouda cheese", "Gouda-juusto"), ("Rye bread", "Ruisleipä"), ("Whole milk", "Täysmaito"), ("Salmon fillet", "Lohifilee"),
    ("Beef mince", "Naudan jauheliha"), ("Carrot", "Porkkana"), ("Potato", "Peruna"), ("Filter coffee", "Suodatinkahvi"),
    ("Blueberry", "Mustikka"), ("Lingonberry jam", "Puolukkahillo"), ("Oat drink", "Kaurajuoma"),
    ("Rapeseed oil", "Rypsiöljy"), ("Wheat flour", "Vehnäjauho"), ("Butter", "Voi"), ("Herring", "Silakka"),
    ("Chicken breast", "Broilerin rintafilee"), ("Tomato", "Tomaatti"), ("Cucumber", "Kurkku"), ("Yoghurt", "Jogurtti"),
    ("Pea soup", "Hernekeitto"), ("Napkin", "Lautasliina"), ("Dish detergent", "Astianpesuaine"), ("Paper cup", "Pahvimuki"),
    ("Cinnamon bun", "Korvapuusti"), ("Mineral water", "Kivennäisvesi"),
)  # fmt: skip
VARIANTS = (
    ("organic", "luomu"), ("sliced", "viipaloitu"), ("frozen", "pakaste"), ("lactose-free", "laktoositon"),
    ("smoked", "savustettu"), ("fresh", "tuore"), ("gluten-free", "gluteeniton"), ("domestic", "kotimainen"),
    ("light", "kevyt"), ("whole", "kokonainen"),
)  # fmt: skip
DEALS = (
    "Vuosisopimus", "Kausivalikoima", "Uusi toimipaikka", "Keittiöuudistus", "Kilpailutus", "Lisätilaus", "Kokeiluerä",
    "Kesäkampanja", "Joulukampanja", "Hankintarengas",
)  # fmt: skip
