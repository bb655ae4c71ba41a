//! Names, places and browsers of users: tables made for sparkify, the more frequent entries first.

/// First names of women, in falling frequency.
pub const WOMEN: &str = "Jessica Ashley Sarah Emily Amanda Samantha Elizabeth Lauren Jennifer Megan Rachel Kayla Hannah \
Nicole Alexis Olivia Victoria Danielle Rebecca Amber Courtney Katherine Maria Alyssa Andrea Morgan Anna Jasmine Sophia \
Natalie Grace Chloe Kelly Vanessa Erica Abigail Haley Brianna Sara Molly Erin Isabella Madison Caroline Gabriela Mia \
Zoe Claire Diana Laura Leah Jordan Camila Bianca Angela Allison Ava Layla Ruby Tessa Priya Mei Aaliyah Fatima Ingrid \
Noemi Yuki Renée Zoë Anaïs Chidinma Nadia Svetlana Aylin Lucía Kiara Marisol Noor Paloma Ximena Hana Leilani Imani";

/// First names of men, in falling frequency.
pub const MEN: &str = "Michael Christopher Matthew Joshua Daniel Jacob Andrew James David Joseph Ryan John Nicholas Tyler \
Anthony William Alexander Justin Brandon Jonathan Kevin Robert Thomas Zachary Eric Austin Adam Benjamin Jose Samuel \
Nathan Aaron Jordan Kyle Brian Luis Ethan Dylan Carlos Logan Caleb Mason Noah Gabriel Elijah Connor Evan Lucas Isaac Juan \
Cameron Adrian Miguel Owen Henry Liam Ian Sean Marcus Oscar Jayden Theodore Andrés Ravi Wei Omar Kwame Mateo Søren \
Tomás Hiroshi Dmitri Emre Björn François Jesús Malik Arjun Minh Kenji Stefan Tariq Iker Paulo Santiago Ángel Rohan Jamal";

/// Family names, in falling frequency.
pub const FAMILIES: &str = "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez \
Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis \
Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell \
Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy \
Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks \
Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez \
Chen Okafor Yamamoto Kowalski Novák Müller Dubois Fernández Núñez O'Brien O'Neill Ivanova Haddad Nakamura Öztürk Søndergaard \
Lindqvist Ferrari Papadopoulos Cohen Singh Tran Park Silva Santos Abebe Mensah McDonald DeLuca";

/// Metropolitan areas with their inhabitants in ten thousands.
pub const PLACES: [(&str, u32); 96] = [
    ("New York-Newark-Jersey City, NY-NJ-PA", 1957),
    ("Los Angeles-Long Beach-Anaheim, CA", 1283),
    ("Chicago-Naperville-Elgin, IL-IN-WI", 946),
    ("Dallas-Fort Worth-Arlington, TX", 643),
    ("Philadelphia-Camden-Wilmington, PA-NJ-DE-MD", 597),
    ("Houston-The Woodlands-Sugar Land, TX", 592),
    ("Washington-Arlington-Alexandria, DC-VA-MD-WV", 564),
    ("Miami-Fort Lauderdale-West Palm Beach, FL", 556),
    ("Atlanta-Sandy Springs-Roswell, GA", 529),
    ("Boston-Cambridge-Newton, MA-NH", 455),
    ("San Francisco-Oakland-Hayward, CA", 434),
    ("Detroit-Warren-Dearborn, MI", 430),
    ("Riverside-San Bernardino-Ontario, CA", 422),
    ("Phoenix-Mesa-Scottsdale, AZ", 419),
    ("Seattle-Tacoma-Bellevue, WA", 344),
    ("Minneapolis-St. Paul-Bloomington, MN-WI", 335),
    ("San Diego-Carlsbad, CA", 310),
    ("St. Louis, MO-IL", 279),
    ("Tampa-St. Petersburg-Clearwater, FL", 278),
    ("Baltimore-Columbia-Towson, MD", 271),
    ("Denver-Aurora-Lakewood, CO", 254),
    ("Pittsburgh, PA", 236),
    ("San Juan-Carolina-Caguas, PR", 235),
    ("Portland-Vancouver-Hillsboro, OR-WA", 223),
    ("Charlotte-Concord-Gastonia, NC-SC", 222),
    ("Sacramento--Roseville--Arden-Arcade, CA", 215),
    ("San Antonio-New Braunfels, TX", 214),
    ("Orlando-Kissimmee-Sanford, FL", 213),
    ("Cincinnati, OH-KY-IN", 211),
    ("Cleveland-Elyria, OH", 208),
    ("Kansas City, MO-KS", 201),
    ("Las Vegas-Henderson-Paradise, NV", 195),
    ("Columbus, OH", 190),
    ("Indianapolis-Carmel-Anderson, IN", 189),
    ("San Jose-Sunnyvale-Santa Clara, CA", 184),
    ("Austin-Round Rock, TX", 172),
    ("Nashville-Davidson--Murfreesboro--Franklin, TN", 167),
    ("Virginia Beach-Norfolk-Newport News, VA-NC", 168),
    ("Providence-Warwick, RI-MA", 160),
    ("Milwaukee-Waukesha-West Allis, WI", 156),
    ("Jacksonville, FL", 135),
    ("Memphis, TN-MS-AR", 132),
    ("Oklahoma City, OK", 125),
    ("Louisville/Jefferson County, KY-IN", 124),
    ("Hartford-West Hartford-East Hartford, CT", 121),
    ("Richmond, VA", 121),
    ("New Orleans-Metairie, LA", 119),
    ("Buffalo-Cheektowaga-Niagara Falls, NY", 114),
    ("Raleigh, NC", 113),
    ("Birmingham-Hoover, AL", 113),
    ("Salt Lake City, UT", 109),
    ("Rochester, NY", 108),
    ("Grand Rapids-Wyoming, MI", 99),
    ("Tucson, AZ", 98),
    ("Urban Honolulu, HI", 95),
    ("Tulsa, OK", 94),
    ("Fresno, CA", 93),
    ("Bridgeport-Stamford-Norwalk, CT", 92),
    ("Worcester, MA-CT", 92),
    ("Albuquerque, NM", 89),
    ("Omaha-Council Bluffs, NE-IA", 87),
    ("Albany-Schenectady-Troy, NY", 87),
    ("New Haven-Milford, CT", 86),
    ("Bakersfield, CA", 84),
    ("Knoxville, TN", 84),
    ("Greenville-Anderson-Mauldin, SC", 82),
    ("El Paso, TX", 80),
    ("Baton Rouge, LA", 80),
    ("Columbia, SC", 77),
    ("Dayton, OH", 80),
    ("Little Rock-North Little Rock-Conway, AR", 70),
    ("Charleston-North Charleston, SC", 66),
    ("Syracuse, NY", 66),
    ("Colorado Springs, CO", 65),
    ("Wichita, KS", 63),
    ("Boise City, ID", 62),
    ("Madison, WI", 61),
    ("Spokane-Spokane Valley, WA", 53),
    ("Chattanooga, TN-GA", 53),
    ("Portland-South Portland, ME", 51),
    ("Lansing-East Lansing, MI", 46),
    ("Fort Wayne, IN", 42),
    ("Reno, NV", 43),
    ("Anchorage, AK", 38),
    ("Eugene, OR", 35),
    ("Lubbock, TX", 29),
    ("Roanoke, VA", 31),
    ("Burlington-South Burlington, VT", 21),
    ("Duluth, MN-WI", 28),
    ("Bismarck, ND", 11),
    ("Billings, MT", 16),
    ("Rapid City, SD", 13),
    ("Santa Fe, NM", 14),
    ("Flagstaff, AZ", 13),
    ("Key West, FL", 7),
    ("Marquette, MI", 7),
];

/// Operating systems that browsers run on, weighted by their users.
pub const SYSTEMS: [(&str, u32); 10] = [
    ("Windows NT 6.1; WOW64", 30),
    ("Windows NT 6.3; WOW64", 14),
    ("Windows NT 5.1", 8),
    ("Windows NT 6.2; WOW64", 5),
    ("Macintosh; Intel Mac OS X 10_9_4", 20),
    ("Macintosh; Intel Mac OS X 10_10", 5),
    ("Macintosh; Intel Mac OS X 10_8_5", 4),
    ("Macintosh; Intel Mac OS X 10_7_5", 3),
    ("X11; Linux x86_64", 8),
    ("X11; Ubuntu; Linux i686", 2),
];

/// Versions of Chrome, weighted by their users.
pub const CHROMES: [(&str, u32); 4] = [("36.0.1985.125", 10), ("36.0.1985.143", 8), ("37.0.2062.94", 4), ("35.0.1916.153", 2)];

/// Versions of Firefox, weighted by their users.
pub const FIREFOXES: [(&str, u32); 3] = [("31.0", 9), ("30.0", 3), ("32.0", 2)];

/// Versions of iOS in two spellings, weighted by their users.
pub const PHONES: [(&str, &str, u32); 3] = [("7_1_2", "7.0", 9), ("7_1_1", "7.0", 4), ("8_0", "8.0", 2)];
