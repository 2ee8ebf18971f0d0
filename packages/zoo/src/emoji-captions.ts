/**
 * Captions of `emoji-pixart`, of pictures that it was trained on: evenly spread over all concepts that exist in all
 * three styles, without flags and keycaps, no concept twice. The names are those of emojibase-data (MIT).
 */

/** The names of concepts, with commas between them, by the style that they are asked for in. */
type NamesByStyle = Readonly<Record<'noto' | 'twemoji' | 'fluent', string>>;

/** What comes out well. */
export const SHOWN_CAPTIONS: readonly string[] = captionsOf({
  noto: 'doughnut, sad but relieved face, blue heart, trophy',
  twemoji: 'trophy, blue circle, doughnut',
  fluent: 'blue circle, record button, person with skullcap',
});

/** What its schedules are searched by. */
export const SEARCHED_CAPTIONS: readonly string[] = captionsOf({
  noto: `
    mahjong red dragon, sunset, crescent moon, taco, peach, fried shrimp, wine glass, fishing pole, musical note,
    man running facing right, house, transgender flag, crocodile, camel, pig nose, thumbs up, man office worker,
    woman cook, woman white hair, person tipping hand, love letter, bomb, card index, books, open mailbox with
    lowered flag, key, flashlight, small orange diamond, candle, hand with fingers splayed, speaking head, winking
    face with tongue, face exhaling, crying cat, high speed train, oncoming taxi, construction, passport control,
    ring buoy, roller skate, clown face, selfie, women wrestling, peanuts, mango, hiking boot, swan, tooth,
    falafel, astronaut, person climbing, woman elf, soap, kite, carpentry saw, goose, jar, rightwards pushing
    hand, black medium square, peace symbol, aquarius, no entry, raised fist, white exclamation mark`,
  twemoji: `
    free button, japanese discount button, glowing star, palm tree, tomato, chocolate bar, fork and knife with
    plate, moon viewing ceremony, musical score, horse racing, snow capped mountain, bow and arrow, goat,
    blowfish, ear, glasses, boy, woman factory worker, woman police officer, woman construction worker, broken
    heart, pile of poo, laptop, fax machine, vibration mode, dim button, microscope, om, one thirty, trackball,
    statue of liberty, neutral face, face with crossed out eyes, upside down face, raising hands, tractor, no
    smoking, no pedestrians, airplane departure, red square, face with head bandage, person shrugging, woman
    playing handball, flying disc, partying face, unicorn, cricket, safety vest, troll, person feeding baby, mage,
    woman zombie, fire extinguisher, maracas, plunger, cockroach, face with diagonal mouth, up down arrow, play or
    pause button, male sign, hot springs, coffin, multiply, minus`,
  fluent: `
    up button, foggy, waxing gibbous moon, rose, lime, spaghetti, fireworks, control knobs, video game, person
    lifting weights, derelict house, factory, service dog, phoenix, pig face, womans clothes, man student, man in
    manual wheelchair, woman with veil, ghost, man getting haircut, hundred points, open file folder, notebook
    with decorative cover, video camera, battery, soon arrow, one oclock, seven thirty, linked paperclips, face
    with tears of joy, confounded face, weary face, woman gesturing ok, man pouting, minibus, no bicycles, baby
    symbol, hindu temple, purple square, left facing fist, face with hand over mouth, tumbler glass, carrot, pie,
    fox, parrot, guide dog, woman kneeling, factory worker, woman beard, gloves, yarn, pink heart, headstone,
    coral, tamale, right arrow curving left, stop button, shamrock, crossed swords, cloud with lightning and rain,
    tent, right arrow curving down`,
});

/** What they are judged on: every fourth, which no search sees. */
export const JUDGED_CAPTIONS: readonly string[] = captionsOf({
  noto: `
    japanese prohibited button, herb, tanabata tree, motorcycle, bug, running shoe, woman wearing turban, dollar
    banknote, prayer beads, seven oclock, smiling face with smiling eyes, see no evil monkey, man mountain biking,
    pinching hand, 3rd place medal, shrimp, deaf woman, puzzle piece, hamsa, fast forward button, atom symbol,
    star`,
  twemoji: `
    globe showing americas, poultry leg, top hat, atm sign, cat face, man red hair, woman dancing, paperclip,
    link, man detective, crying face, tram, shopping bags, man facepalming, chopsticks, skunk, person in motorized
    wheelchair, briefs, moose, snowman, ferry`,
  fluent: `
    cloud with rain, shortcake, snowboarder, cow, backhand index pointing down, woman firefighter, yellow heart,
    package, black square button, spiral notepad, cat with tears of joy, person rowing boat, canoe, man
    cartwheeling, face holding back tears, cheese wedge, woman vampire, diya lamp, leftwards hand, leo, snowflake`,
});

/** The styles in turn, so that few captions show all of them. */
function captionsOf(names: NamesByStyle): readonly string[] {
  const byStyle = Object.entries(names).map(([style, list]) =>
    list.split(',').map((name) => `${style} ${name.trim().replace(/\s+/g, ' ')}`),
  );
  const longest = Math.max(...byStyle.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => byStyle.flatMap((captions) => captions[i] ?? [])).flat();
}
