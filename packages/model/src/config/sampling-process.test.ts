import { diffusionSteps } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { ModelConfig } from './model-config.ts';
import { samplingProcess } from './sampling-process.ts';

const ORIGINAL = { rule: 'original', learnsVariance: false } as const;
const DIFFUSERS = { rule: 'leading', learnsVariance: true } as const;

const ofScheduler = (fields: object, family: Parameters<typeof samplingProcess>[1] = DIFFUSERS, added: object = {}) =>
  samplingProcess(
    ModelConfig.parse({ scheduler: JSON.stringify(fields) })
      .with({ ...added })
      .read(),
    family,
  );
const ofConfig = (fields: object, family: Parameters<typeof samplingProcess>[1] = ORIGINAL) =>
  samplingProcess(ModelConfig.of({ ...fields }).read(), family);

describe('samplingProcess', () => {
  it('is that of the family where no file says anything', () => {
    expect(ofConfig({})).toEqual({
      trainTimesteps: 1000,
      betaSchedule: 'linear',
      betaStart: 1e-4,
      betaEnd: 0.02,
      rule: 'original',
    });
    expect(ofConfig({}, DIFFUSERS).rule).toBe('leading');
  });

  it("takes diffusers' defaults where a scheduler's file does not say: DDIM and DDPM clamp the image to 1", () => {
    const clip = { range: 1, noise: 'predicted' };
    expect(ofScheduler({ _class_name: 'DDIMScheduler' }, ORIGINAL)).toMatchObject({
      sampler: 'ddim',
      rule: 'leading',
      clip,
    });
    expect(ofScheduler({ _class_name: 'DDPMScheduler' })).toMatchObject({
      sampler: 'ddpm',
      rule: 'leading',
      clip,
      variance: 'fixed-small',
    });
    expect(ofScheduler({})).toMatchObject({ sampler: 'ddim', clip });
    expect(ofScheduler({ clip_sample: false }).clip).toBeUndefined();
    expect(ofScheduler({ clip_sample: null }).clip).toBeUndefined(); // Python's None is no
    expect(ofScheduler({ clip_sample: true, clip_sample_range: 2.5 }).clip).toEqual({ range: 2.5, noise: 'predicted' });
    expect(ofScheduler({ clip_noise: 'derived' }).clip).toEqual({ range: 1, noise: 'derived' });
    expect(ofScheduler({ thresholding: true, clip_noise: 'derived' }).clip).toMatchObject({ noise: 'derived' });
    expect(ofScheduler({ clip_sample: false, clip_noise: 'derived' }).clip).toBeUndefined();
  });

  it('hands every field on to what core makes of it', () => {
    const fields = {
      _class_name: 'DDPMScheduler',
      num_train_timesteps: 4,
      trained_betas: [0.1, 0.2, 0.3, 0.4],
      timestep_spacing: 'trailing',
      steps_offset: 1,
      set_alpha_to_one: false,
      rescale_betas_zero_snr: true,
      clip_sample: false,
      variance_type: 'learned_range',
    };
    expect(ofScheduler(fields)).toMatchObject({
      trainTimesteps: 4,
      trainedBetas: [0.1, 0.2, 0.3, 0.4],
      rule: 'trailing',
      stepsOffset: 1,
      setAlphaToOne: false,
      zeroTerminalSnr: true,
      sampler: 'ddpm',
      variance: 'learned-range',
    });
    expect(() => diffusionSteps(2, ofScheduler(fields))).toThrow(
      'at timestep 3 nothing of the image is left (rescale_betas_zero_snr)',
    );
    expect(
      diffusionSteps(2, ofScheduler({ ...fields, timestep_spacing: 'leading', steps_offset: 0 })).timesteps,
    ).toEqual([2, 0]);
  });

  it("a pipeline's scheduler goes before the model's own config, and the user before both", () => {
    const texts = {
      config: '{"beta_end": 0.03, "train_timesteps": 300}',
      scheduler: '{"num_train_timesteps": 500, "timestep_spacing": "trailing", "clip_sample": true}',
    };
    const config = ModelConfig.parse(texts);
    expect(samplingProcess(config.read(), DIFFUSERS)).toMatchObject({
      betaEnd: 0.03,
      trainTimesteps: 500,
      rule: 'trailing',
    });
    const said = config.with({ train_timesteps: 200, clip_sample: false, timestep_spacing: null });
    expect(samplingProcess(said.read(), DIFFUSERS)).toMatchObject({
      trainTimesteps: 200,
      rule: 'leading',
      clip: undefined,
    });
  });

  it("the class is that of the pipeline's index, where the file does not contradict it", () => {
    const of = (index: object, scheduler: object) =>
      samplingProcess(
        ModelConfig.parse({ index: JSON.stringify(index), scheduler: JSON.stringify(scheduler) }).read(),
        DIFFUSERS,
      );
    expect(of({ scheduler: ['diffusers', 'DDPMScheduler'] }, {}).sampler).toBe('ddpm');
    expect(of({ scheduler: ['diffusers', 'DDPMScheduler'] }, { _class_name: 'DDIMScheduler' }).sampler).toBe('ddpm');
    expect(() => of({ scheduler: ['diffusers', 'PNDMScheduler'] }, {})).toThrow(
      'model_index.json: scheduler is "PNDMScheduler", a sampler that is not there yet',
    );
    expect(() =>
      of({ scheduler: ['diffusers', 'DDIMScheduler'] }, { _class_name: 'FlowMatchHeunDiscreteScheduler' }),
    ).toThrow(
      'scheduler_config.json: _class_name is "FlowMatchHeunDiscreteScheduler", but model_index.json: scheduler ' +
        'is "DDIMScheduler", and only one of them is for flow matching; take the files of one pipeline',
    );
  });

  it('another sampler is drawn with where the user chooses it, without the clamping that its file does not say', () => {
    const euler = { _class_name: 'EulerAncestralDiscreteScheduler', timestep_spacing: 'linspace' };
    expect(() => ofScheduler(euler)).toThrow(
      'To draw with one of them all the same, choose it: --sampler ddim, or "sampler": "ddim" in the config',
    );
    expect(ofScheduler(euler, DIFFUSERS, { sampler: 'ddim' })).toMatchObject({
      sampler: 'ddim',
      rule: 'linspace',
      clip: undefined,
    });
    expect(() => ofScheduler(euler, DIFFUSERS, { sampler: 'heun' })).toThrow(
      'config: sampler is "heun", which goes along straight paths (flow matching, SiT) only; supported are ddim, ddpm',
    );
  });

  it.each([
    [{ thresholding: 1 }, 'thresholding is 1, neither true nor false'],
    [{ dynamic_thresholding_ratio: 1.5 }, 'dynamic_thresholding_ratio is 1.5, not a number from 0 to 1'],
    [{ sample_max_value: 0 }, 'sample_max_value is 0, not a number between 0 and 1000000'],
    [{ use_flow_sigmas: true }, 'use_flow_sigmas is true, and a path of flow matching is not supported'],
    [
      { prediction_type: 'flow_prediction' },
      'prediction_type is "flow_prediction", which is not supported; ' +
        'supported are epsilon, v_prediction, sample, velocity',
    ],
    [
      { beta_schedule: 'sigmoid' },
      'beta_schedule is "sigmoid", which is not supported; supported are linear, scaled_linear, squaredcos_cap_v2',
    ],
    [
      { timestep_spacing: 'karras' },
      'timestep_spacing is "karras", which is not supported; supported are leading, trailing, linspace',
    ],
    [{ _class_name: 'DDPMScheduler', variance_type: 'learned' }, 'variance_type is "learned", which is not supported'],
    [
      { _class_name: 'DDPMScheduler', variance_type: 'fixed_large_log' },
      'variance_type is "fixed_large_log", which is not supported',
    ],
    [{ _class_name: 7 }, '_class_name is 7, a sampler that is not there yet'],
    [{ num_train_timesteps: 1e9 }, 'num_train_timesteps is 1000000000, not an integer from 2 to 100000'],
    [{ num_train_timesteps: '1000' }, 'num_train_timesteps is "1000", not an integer'],
    [{ beta_start: -1 }, 'beta_start is -1, not a number between 0 and 1'],
    [{ beta_end: null, beta_start: 0.5 }, 'scheduler_config.json: betas from 0.5 to 0.02 are no noise schedule'],
    [{ beta_start: 0.9, beta_end: 0.99 }, 'scheduler_config.json: the betas leave nothing of the image at timestep'],
    [{ trained_betas: [0.1] }, 'scheduler_config.json: there are 1 trained betas for 1000 training timesteps'],
    [{ trained_betas: 'all' }, 'trained_betas is "all", not a list of numbers'],
    [{ trained_betas: [0.1, null], num_train_timesteps: 2 }, 'trained_betas[1] is null, not a number'],
    [{ steps_offset: -1 }, 'steps_offset is -1, not an integer from 0'],
    [{ set_alpha_to_one: 'yes' }, 'set_alpha_to_one is "yes", neither true nor false'],
    [{ clip_noise: 'model' }, 'clip_noise is "model"'],
    [{ clip_sample: 1 }, 'clip_sample is 1, neither true nor false'],
    [{ clip_sample_range: 0 }, 'clip_sample_range is 0, not a number between 0 and 1000000'],
  ])('refuses %o by the names of the field and of the right file', (fields, message) => {
    expect(() => ofScheduler(fields)).toThrow(message);
    expect(() => ofScheduler(fields)).toThrow(/^scheduler_config\.json: /);
  });

  it("refuses a learned variance that the model's output has no channels for", () => {
    const fields = { _class_name: 'DDPMScheduler', variance_type: 'learned_range' };
    expect(() => ofScheduler(fields, { rule: 'leading', learnsVariance: false })).toThrow(
      'scheduler_config.json: variance_type is "learned_range", but the model has no output channels for a variance',
    );
    expect(
      ofScheduler({ ...fields, _class_name: 'DDIMScheduler' }, { rule: 'leading', learnsVariance: false }).variance,
    ).toBeUndefined();
  });

  it('follows what a model predicts, by the names of diffusers and of a config of our own', () => {
    for (const name of ['v_prediction', 'velocity'])
      expect(ofScheduler({ prediction_type: name }).prediction).toBe('velocity');
    expect(ofConfig({ prediction: 'velocity' })).toMatchObject({ prediction: 'velocity', rule: 'original' });
    expect(ofConfig({ prediction: 'sample' }).prediction).toBe('sample');
    expect(ofConfig({ prediction: 'epsilon' }).prediction).toBeUndefined();
    expect(() => ofConfig({ prediction: 'score' })).toThrow(
      'config.json: prediction is "score", which is not supported',
    );
  });

  it('what says nothing of the image at nothing but noise is refused for noise, and taken for all else', () => {
    const zero = { rescale_betas_zero_snr: true, timestep_spacing: 'trailing' };
    expect(() => diffusionSteps(10, ofScheduler(zero))).toThrow('at timestep 999 nothing of the image is left');
    for (const prediction_type of ['v_prediction', 'sample'])
      expect(diffusionSteps(10, ofScheduler({ ...zero, prediction_type })).levels[0]).toMatchObject({
        signal: 0,
        noise: 1,
      });
  });

  it('thresholds where the scheduler does, rather than clamp', () => {
    const clip = { quantile: 0.995, most: 1, noise: 'predicted' };
    expect(ofScheduler({ thresholding: true }).clip).toEqual(clip);
    expect(ofScheduler({ _class_name: 'DDPMScheduler', thresholding: true, clip_sample: false }).clip).toEqual(clip);
    const set = { thresholding: true, dynamic_thresholding_ratio: 1, sample_max_value: 2.5 };
    expect(ofScheduler(set).clip).toEqual({ quantile: 1, most: 2.5, noise: 'predicted' });
  });
});

describe('ModelConfig.parse', () => {
  it('reads what Python writes, and says where the rest is wrong', () => {
    expect(ModelConfig.parse({ scheduler: '{"lambda_min_clipped": -Infinity, "sigma": NaN}' }).read().unread()).toEqual(
      ['scheduler_config.json: lambda_min_clipped', 'scheduler_config.json: sigma'],
    );
    expect(() => ModelConfig.parse({ config: '{"num_heads": 4' })).toThrow(
      'config.json, line 1, column 16: this is not JSON',
    );
    expect(() => ModelConfig.parse({ index: '[]' })).toThrow('model_index.json: [] is not an object');
    expect(() => ModelConfig.parse({ config: '['.repeat(100_000) })).toThrow(
      'config.json, line 1, column 202: this is not JSON: more than 200',
    );
  });
});

describe('samplingProcess, of flow matching', () => {
  const flow = (fields: object = {}, added: object = {}) =>
    ofScheduler({ _class_name: 'FlowMatchEulerDiscreteScheduler', ...fields }, DIFFUSERS, added);

  it("is diffusers' FlowMatchEulerDiscreteScheduler, which has no betas", () => {
    expect(flow({ shift: 3, num_train_timesteps: 500 })).toEqual({
      path: 'flow',
      sampler: 'euler',
      rule: 'linspace',
      trainTimesteps: 500,
      shift: 3,
      prediction: 'velocity',
    });
    expect(flow()).toMatchObject({ trainTimesteps: 1000, shift: undefined });
    expect(diffusionSteps(2, flow({ shift: 3 })).timesteps).toEqual([1000, expect.closeTo(8.9285714, 6)]);
  });

  it('takes the other samplers and steps of straight paths where the user chooses them', () => {
    expect(flow({}, { sampler: 'heun', timestep_spacing: 'uniform' })).toMatchObject({
      sampler: 'heun',
      rule: 'uniform',
    });
    expect(diffusionSteps(4, flow({}, { timestep_spacing: 'uniform' })).timesteps).toEqual([1000, 750, 500, 250]);
    const heun = { _class_name: 'FlowMatchHeunDiscreteScheduler' };
    expect(() => flow(heun)).toThrow(
      '_class_name is "FlowMatchHeunDiscreteScheduler", a sampler that is not there yet; ' +
        'there is FlowMatchEulerDiscreteScheduler. ' +
        'To draw with it all the same, choose it: --sampler euler, or "sampler": "euler" in the config',
    );
    expect(flow(heun, { sampler: 'euler' })).toMatchObject({ path: 'flow', sampler: 'euler' });
  });

  it.each([
    [{ use_dynamic_shifting: true }, "use_dynamic_shifting is true, and a shift by the image's size is not supported"],
    [{ use_karras_sigmas: true }, 'use_karras_sigmas is true, and another choice of noise levels is not supported'],
    [{ use_exponential_sigmas: true }, 'use_exponential_sigmas is true, and another choice'],
    [{ use_beta_sigmas: true }, 'use_beta_sigmas is true, and another choice'],
    [{ invert_sigmas: true }, 'invert_sigmas is true, and a path in the other direction is not supported'],
    [{ stochastic_sampling: true }, 'stochastic_sampling is true, and noise of its own is not supported'],
    [{ shift_terminal: 0.1 }, 'shift_terminal is 0.1, and stretched noise levels are not supported; supported is null'],
    [{ shift: 0 }, 'shift is 0, not a number between 0 and 1000'],
    [{ shift: '3' }, 'shift is "3", not a number'],
    [{ prediction_type: 'epsilon' }, 'prediction_type is "epsilon", which is not supported; supported are velocity'],
    [
      { timestep_spacing: 'trailing' },
      'timestep_spacing is "trailing", which is not supported; supported are linspace, uniform',
    ],
  ])('refuses %o by the names of the field and of the file', (fields, message) => {
    expect(() => flow(fields)).toThrow(message);
    expect(() => flow(fields)).toThrow(/^scheduler_config\.json: /);
  });

  it.each(['ddim', 'ddpm'])('refuses %s, which goes along another path', (sampler) => {
    expect(() => flow({}, { sampler })).toThrow(
      `config: sampler is "${sampler}", but the model's path is straight (flow matching, SiT); ` +
        `supported are euler, heun, euler-maruyama`,
    );
  });
});

describe('samplingProcess, of SiT', () => {
  const SIT = { path: 'sit', rule: 'uniform' } as const;

  it("is SiT's own", () => {
    const process = { path: 'sit', sampler: 'euler', rule: 'uniform', trainTimesteps: 1000, prediction: 'velocity' };
    expect(ofConfig({}, SIT)).toEqual(process);
    expect(ofConfig({ sampler: 'euler-maruyama', shift: 2 }, SIT)).toMatchObject({
      sampler: 'euler-maruyama',
      shift: 2,
    });
  });

  it('refuses what would draw something else', () => {
    expect(() => ofConfig({ prediction: 'epsilon' }, SIT)).toThrow('config.json: prediction is "epsilon"');
    expect(() => ofConfig({ sampler: 'ddim' }, SIT)).toThrow('config.json: sampler is "ddim", but the model');
    expect(() => ofScheduler({ _class_name: 'FlowMatchEulerDiscreteScheduler' }, SIT)).toThrow(
      'scheduler_config.json: a SiT is drawn with as its own code does, which no scheduler of diffusers is',
    );
  });
});
