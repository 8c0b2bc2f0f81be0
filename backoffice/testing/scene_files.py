"""The files that the scenes upload."""

PRODUCTS = "\n".join(
    (
        "sku;name;category;unit;price:counter;packs",
        "VI-CROI;Butter croissant;;;10.50;",
        "BR-SOUR;Country sourdough 800 g;;;30.00;",
        "CO-ESPR;Espresso;;;7.00;",
        "BR-SPEL;Spelt loaf 600 g;;un;27.00;box of 6 = 6",
        "CA-COOK;Chocolate cookie;;;nine;",
    )
)
TILL = "\n".join(
    (
        "date;time;ticket;item;quantity",
        "2026-10-01;07:41;1042;Butter croissant;2",
        "2026-10-01;07:41;1042;Espresso;1",
        "2026-10-01;07:55;1043;Baguette seeds;1",
        "2026-10-01;08:02;1044;Cappuccino;2",
        "2026-10-01;08:02;1044;NONE;1",
    )
)

# As WooCommerce writes it. The pictures lie on a computer inside somebody's own network, where nobody is asked.
OTHER_SHOP = "\n".join(
    (
        "ID,Type,SKU,Name,Published,Description,Date sale price starts,Date sale price ends,Sale price,Regular price,"
        "Categories,Tags,Images,Parent,Attribute 1 name,Attribute 1 value(s),Stock",
        '71,variable,JAM,Fruit jam,1,"<p>Cooked in small pots, <b>60 %</b> fruit.</p>",,,,,Pantry > Jams,homemade,'
        '"http://192.168.1.20/jam.jpg, http://192.168.1.20/pots.jpg",,Fruit,"Strawberry, Fig, Orange",',
        "72,variation,JAM-STR,,1,,,,,24,,,http://192.168.1.20/strawberry.jpg,JAM,Fruit,Strawberry,14",
        "73,variation,JAM-FIG,,1,,,,24,28,,,,JAM,Fruit,Fig,6",
        "74,variation,JAM-ORA,,1,,,,,24,,,,JAM,Fruit,,9",
        '80,simple,HONEY,Wild flower honey 500 g,1,,,,,"36",Pantry,,http://192.168.1.20/honey.jpg,,,,20',
        "81,simple,GRAN,Granola with nuts 400 g,1,,,,29,34,Pantry > Breakfast,,,,,,12",
        "82,simple,TEA,Mate tea 250 g,0,,,,,18,Pantry,,,,,,3",
        "83,virtual,CARD,Gift card 50,1,,,,,50,Vouchers,,,,,,",
        "84,simple,OIL,Olive oil 250 ml,1,,,,,forty,Pantry,,,,,,8",
    )
)
