import { figure, type Section } from '../page.ts';
import { type Samples, sampleTable } from '../samples.ts';

/** The same images, uncached and with each schedule. */
export function samplesSection(samples: Samples | undefined): Section {
  if (!samples)
    return {
      title: 'Images',
      words: ['This model draws latents, which nothing here decodes to pictures.'],
      content: [],
    };
  return {
    title: 'Images',
    words: ['The same noise and labels in every row.'],
    content: [figure('the same images by different schedules', sampleTable(samples))],
  };
}
