import type { ConfigJson } from '@procache/model';

// A config.json beside a single file may be that of the transformer which lies there too.

/** Fields of a transformer's config that no autoencoder has. */
const OF_TRANSFORMERS = ['family', 'depth', 'hidden_size', 'num_heads', 'num_attention_heads', 'patch_size'];
/** Fields of which a T5's config has one. */
const OF_T5 = ['model_type', 'architectures', 'd_model'];

/** What a config.json says of the decoder beside it. */
export function configOfDecoder(config: ConfigJson): ConfigJson {
  return OF_TRANSFORMERS.some((field) => field in config) ? {} : config;
}

/** What a config.json says of the text encoder beside it. */
export function configOfEncoder(config: ConfigJson): ConfigJson {
  return OF_T5.some((field) => field in config) ? config : {};
}
