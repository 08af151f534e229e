"""An object in a definition whose values are found when a state is executed."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Template:
    """A payload template (JSONPath) or an object with expressions (JSONata), as moto parsed it."""

    component: Any

    def evaluate(self, env: Any) -> Any:
        """The object, with values of this environment's input, context and variables."""
        depth = len(env.stack)
        env.stack.append(env.states.get_input())
        self.component.eval(env)
        value = env.stack[-1]
        del env.stack[depth:]
        return value
