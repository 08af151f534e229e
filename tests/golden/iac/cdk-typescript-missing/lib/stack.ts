import { aws_lambda as lambda, Duration } from 'aws-cdk-lib';

new lambda.Function(stack, 'Worker', {
  functionName: `worker`,
  handler: 'index.handler',
  code: lambda.Code.fromInline('exports.handler = async () => 128'),
  // A minute is plenty.
  timeout: Duration.minutes(1),   // see the runbook
  runtime: lambda.Runtime.NODEJS_22_X
});
