import { Duration, Stack, StackProps } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Construct } from 'constructs';

export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    const orders = new lambda.Function(this, 'Orders', {
      functionName: 'orders',
      runtime: lambda.Runtime.PYTHON_3_12,
      handler: 'app.handler',
      code: lambda.Code.fromAsset('src'),
      memorySize: 512, // MB
      architecture: lambda.Architecture.X86_64,
      timeout: Duration.seconds(10),
    });

    new NodejsFunction(this, 'Bills', {
      entry: 'src/bills.ts',
      memorySize: 512,
      environment: { ORDERS: orders.functionName },
    });
  }
}
