import { objectOf, parseJson } from '@procache/core/untrusted';
import { ConfigFile, type ConfigJson, ConfigFields } from './fields.ts';

/** The texts of the files that say something about a model besides its tensors; each may be missing. */
export interface ConfigTexts {
  /** The config.json beside the weights. */
  readonly config?: string | undefined;
  /** The scheduler_config.json of the pipeline that the model is part of. */
  readonly scheduler?: string | undefined;
  /** The model_index.json of that pipeline. */
  readonly index?: string | undefined;
}

/** The files of a `ModelConfig`, in the order in which they are asked. */
interface Files {
  /** What the user says. */
  readonly added?: ConfigJson | undefined;
  readonly index?: ConfigJson | undefined;
  readonly scheduler?: ConfigJson | undefined;
  readonly config?: ConfigJson | undefined;
}

/**
 * What is said about a model besides its tensors: by its config.json, by the files of the pipeline around it, and by
 * the user, whose word goes first.
 *
 * It is data that nobody has checked: `openModel` reads from it what it needs.
 */
export class ModelConfig {
  readonly #files: Files;

  private constructor(files: Files) {
    this.#files = files;
  }

  /**
   * Reads the files. They may hold `NaN` and `Infinity`, which Python writes and JSON does not have.
   *
   * @throws {ProCacheError} `invalid-model` for what is not JSON or no object, with the file, the line and the column.
   */
  static parse({ config, scheduler, index }: ConfigTexts): ModelConfig {
    return new ModelConfig({
      config: parsed(CONFIG, config),
      scheduler: parsed(SCHEDULER, scheduler),
      index: parsed(INDEX, index),
    });
  }

  /** The same without any file: the fields that a config.json would hold. */
  static of(config: ConfigJson): ModelConfig {
    return new ModelConfig({ config });
  }

  /** The same with fields that the user adds, or says otherwise; messages call them `config`. */
  with(fields: ConfigJson): ModelConfig {
    return new ModelConfig({ ...this.#files, added: { ...this.#files.added, ...fields } });
  }

  /** The fields of the config.json as they stand: nobody has checked them. */
  get own(): ConfigJson {
    return this.#files.config ?? {};
  }

  /** To read from, once. */
  read(): ConfigReading {
    const { added, index, scheduler, config } = this.#files;
    const file = (name: string, fields: ConfigJson | undefined) => fields && new ConfigFile(name, fields);
    const files = {
      added: file('config', added),
      index: file(INDEX, index),
      scheduler: file(SCHEDULER, scheduler),
      config: file(CONFIG, config),
    };
    return {
      model: new ConfigFields(files.added, files.config),
      process: new ConfigFields(files.added, files.scheduler, files.config),
      classes: new ConfigFields(files.added, files.index, files.config),
      scheduler: files.scheduler && { own: new ConfigFields(files.scheduler), index: new ConfigFields(files.index) },
      unread: () => [files.added, files.scheduler, files.config].flatMap((each) => each?.unread() ?? []),
    };
  }
}

/** Which files tell what, the first of those that have a field. */
export interface ConfigReading {
  /** How the model computes. */
  readonly model: ConfigFields;
  /** How images are drawn with it: the noise that it was trained with, timesteps, sampler. */
  readonly process: ConfigFields;
  /** What the classes are called. */
  readonly classes: ConfigFields;
  /** The scheduler's own file, where there is one, and the pipeline's index, which names its class too. */
  readonly scheduler: { readonly own: ConfigFields; readonly index: ConfigFields } | undefined;
  /** The fields that were not asked for, each with its file, so that somebody can say so. */
  unread(): readonly string[];
}

const CONFIG = 'config.json';
const SCHEDULER = 'scheduler_config.json';
const INDEX = 'model_index.json';

function parsed(name: string, text: string | undefined): ConfigJson | undefined {
  if (text === undefined) return undefined;
  const value = parseJson(text, {
    name,
    code: 'invalid-model',
    pythonNumbers: true,
    advice: 'download it again, or mend it',
  });
  return objectOf({ value, place: name, code: 'invalid-model' });
}
