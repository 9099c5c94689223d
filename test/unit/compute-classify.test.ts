import {classifyOperation, classifyRequest, concernsRungOnly} from '../../shared/compute/classify';
import {ComputeFailure, type ComputeFailureClass} from '../../shared/compute/failure';

type HttpRow = [
  status: number | undefined,
  reason: string | undefined,
  message: string,
  failureClass: ComputeFailureClass,
];

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
    [409, undefined, 'conflict', 'conflict'],
    [400, 'resourceNotReady', 'The resource is not ready', 'conflict'],
    [401, 'authError', 'Invalid Credentials', 'denied'],
    [403, 'forbidden', "Required 'compute.instances.create' permission", 'denied'],
    [403, 'accessNotConfigured', 'Compute Engine API has not been used', 'denied'],
    [404, 'notFound', "The resource 'projects/p/global/instanceTemplates/t' was not found", 'denied'],
    [404, 'notFound', "The resource 'projects/p/zones/z/machineTypes/c4a-standard-4' was not found", 'invalid'],
    [400, 'invalid', "Invalid value for field 'resource.name'", 'invalid'],
    [412, 'conditionNotMet', 'Precondition failed', 'invalid'],
  ])('with HTTP %s %s "%s" is %s', (status, reason, message, failureClass) => {
    const request = {message, ...(status ? {status} : {}), ...(reason ? {reason} : {})};
    expect(classifyRequest(request).failureClass).toBe(failureClass);
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
  test.each<[string, string, ComputeFailureClass]>([
    ['ZONE_RESOURCE_POOL_EXHAUSTED', '', 'zone_full'],
    ['ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', '', 'zone_full'],
    ['REGION_RESOURCE_POOL_EXHAUSTED', '', 'zone_full'],
    ['RESOURCE_POOL_EXHAUSTED', '', 'zone_full'],
    ['GPU_STOCKOUT', '', 'zone_full'],
    ['insufficientCapacity', '', 'zone_full'],
    ['VM_MIN_COUNT_NOT_REACHED', '', 'zone_full'],
    ['UNSUPPORTED_OPERATION', 'preempted while it was being created', 'zone_full'],
    ['QUOTA_EXCEEDED', "Quota 'PREEMPTIBLE_CPUS' exceeded.", 'quota'],
    ['CONCURRENT_OPERATIONS_QUOTA_EXCEEDED', '', 'rate'],
    ['RATE_LIMIT_EXCEEDED', '', 'rate'],
    ['RESOURCE_ALREADY_EXISTS', '', 'conflict'],
    ['OPERATION_INCOMPLETE', '', 'conflict'],
    ['RESOURCE_NOT_FOUND', "'projects/p/global/images/i' was not found", 'denied'],
    ['RESOURCE_NOT_FOUND', "'projects/p/zones/z/machineTypes/n9' was not found", 'invalid'],
    ['INVALID_FIELD_VALUE', '', 'invalid'],
    ['INVALID_USAGE', '', 'invalid'],
    ['PERMISSIONS_ERROR', '', 'denied'],
    ['INTERNAL_ERROR', '', 'uncertain'],
    ['SOMETHING_NEW', '', 'uncertain'],
    ['HTTP_409', '', 'conflict'],
    ['HTTP_503', '', 'uncertain'],
  ])('with %s "%s" is %s', (code, message, failureClass) => {
    expect(classifyOperation([{code, message}])).toEqual({code, message, failureClass});
  });

  test('with several errors is what the first telling one says', () => {
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

describe('another rung may do', () => {
  test.each<[ComputeFailureClass, string, boolean]>([
    ['invalid', "Invalid value for field 'resource.machineType': 'zones/z/machineTypes/c4a-standard-4'.", true],
    ['invalid', '[c4a-standard-4, pd-standard] features and machine type are not compatible', true],
    ['invalid', "Invalid value for field 'zone': 'us-central1-z'. Unknown zone.", true],
    ['invalid', "The resource 'projects/p/zones/us-central1-z' was not found", true],
    ['invalid', "Invalid value for field 'resource.name': must be a match of regex", false],
    ['invalid', "The resource 'projects/p/zones/us-central1-a/disks/d' is wrong", false],
    ['denied', 'machineTypes are not for you', false],
  ])('after %s "%s": %s', (failureClass, message, expected) => {
    expect(concernsRungOnly(new ComputeFailure(failureClass, 'x', message))).toBe(expected);
  });
});
