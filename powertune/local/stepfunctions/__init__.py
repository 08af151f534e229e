"""Step Functions that really execute: a thin layer over moto's interpreter of the Amazon States Language.

What moto's interpreter lacks or does differently is in one module each:

- `clients`, `in_process`: calls of state machines to AWS, answered by this process without a connection.
- `definitions`, `validation`: from a definition to a program, or the reasons why it is refused.
- `environment`, `history`, `execution`, `registry`: an execution, its record, and how it ends at once when stopped.
- `tasks`, `naming`, `shapes`: service integrations, with names as AWS's Java SDK has them.
- `queries`: JSONata.
- `iterations`, `distributed`, `map_items`, `map_results`, `map_settings`: Map states.
- `backend`, `responses`: the API. `status_events`: what EventBridge is told.

Missing: activities (GetActivityTask), RedriveExecution, TestState, logging to CloudWatch Logs, X-Ray, encryption
with a customer managed key, items from Parquet and Athena manifests, and the optimized integrations that moto lacks
(Athena, Bedrock, CodeBuild, EKS, EMR, Glue DataBrew, MediaConvert, SageMaker, HTTP endpoints).
"""
