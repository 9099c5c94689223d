import {hostedPrice, listPrice} from '../../shared/diagnosis/price-table';

describe('USD an hour of', () => {
  test.each([
    ['e2-standard-4', false, 0.134],
    ['e2-standard-4', true, 0.0804],
    ['e2-medium', false, 0.0335],
    ['e2-micro', false, 0.0084],
    ['n2-standard-32', false, 1.5539],
    ['n2d-standard-8', false, 0.338],
    ['n2d-standard-8', true, 0.1721],
    ['e2-highmem-2', false, 0.0904],
    ['e2-highcpu-8', false, 0.1979],
    ['cloud-run-4-16', false, 0.3744],
    ['cloud-run-1-0.5', false, 0.0684],
    ['mac_mini_m2', false, 5.7],
    ['mac_mini_m4', false, 6.84],
    ['linux_x2', false, 2.7],
    ['m7i.large', false, 0.1008],
    ['m7i-flex.2xlarge', false, 0.383],
    ['c7g.xlarge', false, 0.145],
    ['r6i.16xlarge', false, 4.032],
    ['t4g.medium', false, 0.0336],
  ] as const)('%s, spot %s', (type, spot, usd) => {
    expect(listPrice(type, spot)).toBeCloseTo(usd, 4);
  });

  test.each([
    ['n2-standard-4', true],
    ['n1-standard-4', false],
    ['c4a-standard-4', false],
    ['e2-custom-4-8192', false],
    ['e2-ultra-4', false],
    ['m7g.large', true],
    ['g5.xlarge', false],
    ['m7g.metal', false],
    ['cloud-run-4', false],
    ['mac_mini_m1', false],
    ['mac_mini_m2', true],
    ['', false],
  ] as const)('%s, spot %s, is not known', (type, spot) => {
    expect(listPrice(type, spot)).toBeUndefined();
  });
});

describe('USD a minute on GitHub-hosted runners in place of', () => {
  test.each([
    ['e2-standard-4', 'linux', 0.012],
    ['e2-medium', 'linux', 0.006],
    ['n2-standard-6', 'linux', 0.022],
    ['c4a-standard-4', 'linux', 0.008],
    ['t2a-standard-1', 'linux', 0.005],
    ['e2-standard-8', 'windows', 0.042],
    ['n2-custom-6-12288', 'linux', 0.022],
    ['cloud-run-4-16', 'linux', 0.012],
    ['cloud-run-0.5-1', 'linux', 0.006],
    ['c4-highcpu-192', 'linux', undefined],
    ['m7g.large', 'linux', 0.005],
    ['t4g.medium', 'linux', 0.005],
    ['m7i.2xlarge', 'linux', 0.022],
    ['m7i.2xlarge', 'windows', 0.042],
    ['g5.xlarge', 'linux', 0.012],
    ['m7i.48xlarge', 'linux', undefined],
  ] as const)('%s with %s: %s', (type, os, usd) => {
    expect(hostedPrice(type, os)).toBe(usd);
  });
});
