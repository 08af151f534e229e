import * as lambda from 'aws-cdk-lib/aws-lambda';

export function build(scope: any) {
  new lambda.DockerImageFunction(scope, "Video-Encoder", {
    code: lambda.DockerImageCode.fromImageAsset('./encoder'), memorySize: 4096,
  });
}
