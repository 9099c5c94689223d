import {HOSTED_SOURCE, hostedPrice, listPrice, MACHINE_SOURCE} from '../../../shared/diagnosis/price-table';
import type {Keep} from './keep';
import {drawPlot} from './plot';

/** Machines of 4 vCPUs, as the price table knows them. */
const MACHINES = [
  {way: 'e2-standard-4, spot', type: 'e2-standard-4', spot: true},
  {way: 'e2-standard-4', type: 'e2-standard-4', spot: false},
  {way: 'n2-standard-4', type: 'n2-standard-4', spot: false},
  {way: 'Cloud Run, 4 vCPUs and 16 GiB', type: 'cloud-run-4-16', spot: false},
] as const;

const HOSTED = 'GitHub-hosted, 4 vCPUs';

/** What 1,000 minutes on 4 vCPUs cost by the tables of `/costs`: the machine alone, beside a GitHub-hosted runner of the same size. */
export async function drawCosts(keep: Keep): Promise<void> {
  const values = [
    ...MACHINES.map(({way, type, spot}) => ({way, usd: usdOf(listPrice(type, spot), type) / 60, whose: 'own'})),
    {way: HOSTED, usd: usdOf(hostedPrice('e2-standard-4', 'linux'), HOSTED), whose: 'hosted'},
  ].map(({usd, ...rest}) => ({...rest, usd: Math.round(usd * 100_000) / 100}));
  await drawPlot(
    'costs',
    {
      title: {
        text: 'USD for 1,000 minutes of a job on 4 vCPUs',
        subtitle: `List prices in us-central1 (${MACHINE_SOURCE.as_of}) without disks and network; GitHub’s of ${HOSTED_SOURCE.as_of}`,
      },
      width: 420,
      data: {values},
      encoding: {
        y: {field: 'way', type: 'nominal', sort: null, title: null},
        x: {field: 'usd', type: 'quantitative', title: 'USD'},
      },
      layer: [
        {
          mark: {type: 'bar', height: 18},
          encoding: {
            color: {field: 'whose', scale: {domain: ['own', 'hosted'], range: ['#2f81f7', '#8b949e']}, legend: null},
          },
        },
        {mark: {type: 'text', align: 'left', dx: 4}, encoding: {text: {field: 'usd', format: '.2f'}}},
      ],
    },
    keep,
  );
}

function usdOf(price: number | undefined, of: string): number {
  if (price === undefined) throw new Error(`the price table has no price of ${of}`);
  return price;
}
