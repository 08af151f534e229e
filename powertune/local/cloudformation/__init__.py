"""CloudFormation of the embedded AWS: templates, stacks, change sets, and one table of resource types.

Missing: nested stacks, stack sets, custom resources, macros other than AWS::Serverless and AWS::LanguageExtensions
(without Fn::ForEach), the sections Rules and Hooks, CreationPolicy and UpdatePolicy, drift detection, imports of
existing resources, refactoring, stack policies, rollback triggers, dynamic references, ContinueUpdateRollback and
RollbackStack. What needs one of them is refused by name. TimeoutInMinutes and RetainExceptOnCreate have no effect,
notifications are not sent, and resources are created one after the other. ScheduleExpression of AWS::Events::Rule and
metric filters are kept: the one sends no events, the others publish no metrics.
"""
