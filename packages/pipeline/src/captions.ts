/**
 * Captions for a model of texts of which nothing is known but that: what schedules are searched by where no prompts are
 * given. They are of things, people, places, materials, styles and lights, short and long, so that a schedule which
 * draws these draws most.
 */
export const CAPTIONS: readonly string[] = [
  'A lighthouse on a rocky coast at dusk, waves breaking below it',
  'A tabby cat asleep on a stack of old books',
  'Portrait of an elderly fisherman in a yellow raincoat, soft window light',
  'A bowl of ramen with a soft egg, seen from above',
  'A red bicycle leaning against a blue wooden door',
  'Snow-covered mountains behind a still lake, early morning mist',
  'A robot watering flowers on a balcony, watercolour',
  'The inside of a small bookshop with warm lamps and narrow aisles',
  'A hummingbird in flight in front of an orange flower, sharp focus',
  'An isometric drawing of a tiny island with a windmill',
  'A child jumping into a puddle, black and white photograph',
  'A glass teapot with blooming tea on a marble table',
  'A crowded night market in the rain, neon signs reflected on the ground',
  'A fox made of folded paper on a wooden floor',
  'A steam train crossing a stone viaduct in autumn',
  'Close-up of a dewdrop on a blade of grass',
  'An astronaut playing chess with an owl, oil painting',
  'A minimalist living room with a green sofa and a large plant',
  'A plate of blueberry pancakes with melting butter',
  'A sailing ship in a bottle, studio photograph, dark background',
  'A street musician with an accordion, evening sun behind him',
  'The northern lights above a wooden cabin in the snow',
  'A pixel-art castle on a hill under a pink sky',
  'Two parrots on a branch, one green and one red',
  'A clay figure of a dragon reading a newspaper',
  'An old world map with sea monsters in brown ink',
  'A woman with curly hair and freckles looking out of a train window',
  'A field of lavender with a single oak tree',
  'A cutaway drawing of a submarine, technical pen',
  'A hedgehog wearing a knitted hat in a pile of leaves',
  'A modern glass tower between old brick houses',
  'A still life with pears, a copper pot and a blue cloth, in the manner of the old masters',
  'A surfer inside a turquoise wave, seen from the water',
  'A cup of coffee with the shape of a leaf in its foam',
  'A desert road that runs straight to the horizon, one cloud',
  'A stained-glass window that shows a whale',
  'A group of friends around a campfire at the edge of a forest',
  'A vintage camera on a leather suitcase',
  'A panda painting at an easel, cartoon',
  'A waterfall in a mossy gorge, long exposure',
  'A ballet dancer on an empty stage, a single spotlight',
  'A wooden toy train on a rug, seen from the floor',
  'An octopus under a sunken ship, light falling from above',
  'A bakery window full of bread at dawn',
  'A knight in silver armour on a white horse, storybook illustration',
  'Terraced rice fields after rain, seen from a drone',
  'A macro photograph of the eye of a lizard',
  'A poster of a rocket in the style of the nineteen-fifties',
  'A violin and sheets of music on a chair by the window',
  'A penguin on a skateboard, flat colours, thick outlines',
  'A spiral staircase seen from its foot',
  'A farmer on a tractor in a wheat field, late summer',
  'A crystal ball on sand that turns the sea upside down',
  'A futuristic city on the back of a giant tortoise',
  'A yellow taxi in a snowstorm',
  'A girl with a paper lantern at a river, evening, soft colours',
  'A basket of freshly picked mushrooms on moss',
  'A marble statue of a runner in a museum hall',
  'A hot-air balloon with stripes above vineyards',
  'A small dog with a red scarf on a frozen pond',
  'An embroidery of wild flowers on linen',
  'A blacksmith at work, sparks in the dark',
  'A bridge of rope across a jungle valley in the fog',
  'A slice of cherry pie with vanilla ice cream',
  'A raccoon in a space suit, photograph, shallow depth of field',
  'A greenhouse full of orchids, afternoon light',
  'Three origami cranes on a grey background',
  'An abandoned fairground with a rusty Ferris wheel',
  'A grandmother and her grandson baking, flour in the air',
  'A low-polygon deer in a low-polygon forest',
  'A canal with narrow houses and moored boats, spring',
  'A jar of fireflies on a garden table at night',
  'A lion cub looking at a butterfly',
  'An art deco cinema at night, its sign lit',
  'A scientist holding a flask with a glowing green liquid',
  'A pair of worn hiking boots on a mountain summit',
  'A mosaic of a peacock in blue and gold tiles',
  'A thunderstorm over the sea, lightning far away',
  'A sushi platter on slate, arranged in a circle',
  'A charcoal drawing of a galloping horse',
  'A tree house with lanterns and a rope ladder',
  'A market stall with heaps of coloured spices',
  'A polar bear and her cub on an ice floe',
  'A typewriter with a half-written letter, dust in the sunlight',
  'A basketball player in the middle of a jump, seen from below',
  'A fairy-tale cottage with a crooked chimney in a beech wood',
  'A pocket watch that lies open on velvet, its wheels showing',
  'A coral reef with a turtle and many small fish',
  'A man in a grey suit whose head is a light bulb, surreal',
  'A row of colourful beach huts under a stormy sky',
  'A knitted elephant on a windowsill',
  'The skyline of a city at blue hour, reflected in a harbour',
  'A koi pond seen from above, two red fish and a fallen leaf',
  'A wizard feeding pigeons in a park, pencil sketch',
  'A volcano at night with a thin stream of lava',
  'A cactus in a terracotta pot beside a stack of plates',
];

/** Of a list that is searched and judged by: one in so many is kept for judging. */
const HELD_OUT = 4;
/** A list that is shorter is searched and judged by as a whole. */
const SHORTEST = 8;

/** Captions that schedules are searched by, and others that they are judged on. */
export interface SearchedCaptions {
  readonly search: readonly string[];
  readonly judge: readonly string[];
}

/**
 * Divides captions into those to search by and those to judge on, of which no search sees any: every fourth of at least
 * eight. Of fewer it judges on all of them, by other noise alone.
 */
export function heldOut(captions: readonly string[]): SearchedCaptions {
  if (captions.length < SHORTEST) return { search: captions, judge: captions };
  const isHeld = (i: number): boolean => i % HELD_OUT === HELD_OUT - 1;
  return {
    search: captions.filter((_, i) => !isHeld(i)),
    judge: captions.filter((_, i) => isHeld(i)),
  };
}
