import {classifyOperation, classifyRequest, missingResource} from '../../../shared/providers/gce/client/errors';
import type {FailureClass} from '../../../shared/providers/placements';

type HttpRow = [status: number | undefined, reason: string | undefined, message: string, failureClass: FailureClass];

describe('a refused request', () => {
  test.each<HttpRow>([
    [undefined, undefined, 'socket hang up', 'uncertain'],
    [500, 'internalError', 'Internal error', 'uncertain'],
    [502, undefined, 'an HTML page', 'uncertain'],
    [503, 'backendError', 'Backend error', 'uncertain'],
    [408, undefined, 'Request time-out', 'uncertain'],
    [503, 'ZONE_RESOURCE_POOL_EXHAUSTED', 'does not have enough resources', 'zone_full'],
    [403, 'quotaExceeded', "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.", 'quota'],
    [413, 'quotaExceeded', 'Too many', 'quota'],
    [403, 'rateLimitExceeded', 'Rate Limit Exceeded', 'rate'],
    [403, 'RATE_LIMIT_EXCEEDED', "Quota exceeded for quota metric 'Queries'", 'rate'],
    [403, 'userRateLimitExceeded', 'User Rate Limit Exceeded', 'rate'],
    [429, undefined, 'Too many requests', 'rate'],
    [409, 'alreadyExists', "The resource 'projects/p/zones/z/instances/i' already exists", 'conflict'],
    [400, 'resourceNotReady', 'The resource is not ready', 'conflict'],
    [401, 'authError', 'Invalid Credentials', 'denied'],
    [403, 'forbidden', "Required 'compute.instances.create' permission", 'denied'],
    [403, 'accessNotConfigured', 'Compute Engine API has not been used', 'denied'],
    [404, 'notFound', "The resource 'projects/p/global/instanceTemplates/t' was not found", 'denied'],
    [404, 'notFound', "The resource 'projects/p/zones/z/machineTypes/c4a-standard-4' was not found", 'invalid'],
    [404, 'notFound', "The resource 'projects/p/regions/r/subnetworks/s' was not found", 'denied'],
    [404, 'notFound', "The resource 'projects/p/zones/z/acceleratorTypes/nvidia-tesla-t4' was not found", 'invalid'],
    [404, 'notFound', "The resource 'projects/p/global/images/i' was not found", 'invalid'],
    [400, 'invalid', "Invalid value for field 'resource.name'", 'invalid'],
    [400, 'invalid', 'Accelerator type "nvidia-l4" does not exist in zone us-west4-b.', 'invalid'],
    [400, 'badRequest', '[pd-standard, n4-standard-2] features are not compatible for creating instance.', 'invalid'],
    [400, 'badRequest', 'Instances with guest accelerators do not support live migration.', 'invalid'],
    [400, 'unsupportedOperation', 'pd-balanced disk type cannot be used by c4-standard-8 machine type.', 'invalid'],
    [
      400,
      'invalid',
      "Invalid value for field 'resource.networkInterfaces[0].subnetwork': 'x'. The referenced subnetwork resource cannot be found.",
      'denied',
    ],
    [412, 'conditionNotMet', 'Precondition failed', 'invalid'],
  ])('with HTTP %s %s "%s" is %s', (status, reason, message, failureClass) => {
    const request = {message, ...(status ? {status} : {}), ...(reason ? {reason} : {})};
    expect(classifyRequest(request).failureClass).toBe(failureClass);
  });

  test.each([400, 401, 403, 404, 409, 412])('with HTTP %i and no reason is uncertain', (status) => {
    expect(classifyRequest({status, message: 'Not Found'})).toEqual({
      failureClass: 'uncertain',
      code: `HTTP_${status}`,
    });
  });

  test.each([
    [{status: 403, reason: 'quotaExceeded', message: ''}, 'quotaExceeded'],
    [{status: 502, message: ''}, 'HTTP_502'],
    [{message: ''}, 'NO_ANSWER'],
  ])('keeps the reason as its code, else the status: %j', (request, code) => {
    expect(classifyRequest(request).code).toBe(code);
  });
});

describe('a failed operation', () => {
  test.each<[string, string, FailureClass]>([
    ['ZONE_RESOURCE_POOL_EXHAUSTED', '', 'zone_full'],
    ['ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', '', 'zone_full'],
    ['REGION_RESOURCE_POOL_EXHAUSTED', '', 'zone_full'],
    ['RESOURCE_POOL_EXHAUSTED', '', 'zone_full'],
    ['GPU_STOCKOUT', '', 'zone_full'],
    ['insufficientCapacity', '', 'zone_full'],
    ['VM_MIN_COUNT_NOT_REACHED', '', 'zone_full'],
    ['UNSUPPORTED_OPERATION', 'preempted while it was being created', 'zone_full'],
    ['UNSUPPORTED_OPERATION', '[pd-standard] features are not compatible for creating instance.', 'invalid'],
    ['UNSUPPORTED_OPERATION', 'pd-balanced disk type cannot be used by c4a-standard-8 machine type.', 'invalid'],
    ['UNSUPPORTED_OPERATION', 'Instances with guest accelerators do not support live migration.', 'invalid'],
    ['QUOTA_EXCEEDED', "Quota 'PREEMPTIBLE_CPUS' exceeded.", 'quota'],
    ['CONCURRENT_OPERATIONS_QUOTA_EXCEEDED', '', 'rate'],
    ['RATE_LIMIT_EXCEEDED', '', 'rate'],
    ['RESOURCE_ALREADY_EXISTS', '', 'conflict'],
    ['OPERATION_INCOMPLETE', '', 'conflict'],
    ['RESOURCE_NOT_FOUND', "'projects/p/global/images/i' was not found", 'invalid'],
    ['RESOURCE_NOT_FOUND', "The resource 'projects/p/regions/r/subnetworks/s' was not found", 'denied'],
    ['RESOURCE_NOT_FOUND', "'projects/p/zones/z/acceleratorTypes/nvidia-l4' was not found", 'invalid'],
    ['RESOURCE_NOT_FOUND', "'projects/p/zones/z/machineTypes/n9' was not found", 'invalid'],
    ['INVALID_FIELD_VALUE', '', 'invalid'],
    ['INVALID_USAGE', '', 'invalid'],
    ['PERMISSIONS_ERROR', '', 'denied'],
    ['INTERNAL_ERROR', '', 'uncertain'],
    ['SOMETHING_NEW', '', 'uncertain'],
    ['HTTP_409', '', 'conflict'],
    ['HTTP_503', '', 'uncertain'],
    ['HTTP_400', '', 'invalid'],
    ['HTTP_403', '', 'denied'],
  ])('with %s "%s" is %s', (code, message, failureClass) => {
    expect(classifyOperation([{code, message}])).toEqual({code, message, failureClass});
  });

  test('with several errors is classified by the first one with a known meaning', () => {
    const errors = [
      {code: 'INTERNAL_ERROR', message: 'x'},
      {code: 'QUOTA_EXCEEDED', message: 'y'},
    ];
    expect(classifyOperation(errors)).toEqual({code: 'QUOTA_EXCEEDED', message: 'y', failureClass: 'quota'});
  });

  test('without errors is uncertain', () => {
    expect(classifyOperation([]).failureClass).toBe('uncertain');
  });
});

test.each([
  [
    {status: 404, reason: 'notFound', message: "The resource 'projects/p/zones/z/instances/i' was not found"},
    'projects/p/zones/z/instances/i',
  ],
  [{status: 404, message: "The resource 'projects/p/zones/z/instances/i' was not found"}, undefined],
  [{status: 400, reason: 'notFound', message: "'projects/p/zones/z/instances/i'"}, undefined],
  [{status: 404, reason: 'notFound', message: 'Not Found'}, undefined],
])('what is missing is what Compute Engine itself names: %j', (refused, expected) => {
  expect(missingResource(refused)).toBe(expected);
});
