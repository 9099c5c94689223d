// Terminates instances of the deployment that are older than any job may be: for the case that neither the instance itself nor Slipway's sweep has
// ended them. Runs at AWS, where neither of the two is needed. The SDK is part of Lambda's runtime.
import {EC2Client, paginateDescribeInstances, TerminateInstancesCommand} from '@aws-sdk/client-ec2';

const HOUR_MS = 3_600_000;
const client = new EC2Client();

/**
 * @returns {Promise<{terminated: string[]}>} ids of the instances that were told to end
 * @throws {Error} when one could not be told, after all others were: Lambda counts it in the metric `Errors`
 */
export async function handler() {
  // biome-ignore lint/style/noProcessEnv: Lambda gives a function its settings by the environment
  const {DEPLOYMENT, HOURS} = process.env;
  const filters = [
    {Name: 'tag:slipway-deployment', Values: [DEPLOYMENT]},
    {Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped']},
  ];
  const terminated = [];
  const refused = [];
  for await (const {Reservations = []} of paginateDescribeInstances({client}, {Filters: filters})) {
    for (const {InstanceId, LaunchTime, Tags = []} of Reservations.flatMap(({Instances = []}) => Instances)) {
      const isKept = Tags.some(({Key}) => Key === 'slipway-keep');
      if (isKept || Date.now() - LaunchTime.getTime() < Number(HOURS) * HOUR_MS) continue;
      try {
        // One at a time: with several ids one that is gone, or protected from termination, fails all.
        await client.send(new TerminateInstancesCommand({InstanceIds: [InstanceId]}));
      } catch (error) {
        refused.push(`${InstanceId}: ${error.name}: ${error.message}`);
        continue;
      }
      // biome-ignore lint/suspicious/noConsole: Lambda's log
      console.log(`terminated ${InstanceId}, launched at ${LaunchTime.toISOString()}`);
      terminated.push(InstanceId);
    }
  }
  if (refused.length > 0) throw new Error(`${refused.length} instances could not be terminated: ${refused.join('; ')}`);
  return {terminated};
}
