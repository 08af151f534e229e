const { App, Stack } = require('aws-cdk-lib');
const lambda = require('aws-cdk-lib/aws-lambda');
const stack = new Stack(new App(), 'Js');
new lambda.Function(stack, 'Fn', { 'functionName': 'js-fn', runtime: lambda.Runtime.NODEJS_22_X, 'memorySize': 128 });
