from __future__ import annotations

import openai
import pytest


def test_list(client: openai.OpenAI) -> None:
    models = client.models.list().data
    assert {"auto", "agent/dev", "agent/luna", "agent/atlas", "agent/quinn", "agent/sage"} <= {model.id for model in models}
    assert {"demo-small", "demo-medium", "demo-large"} <= {model.id for model in models}
    for model in models:
        assert model.object == "model"
        assert isinstance(model.created, int)
        assert model.owned_by


@pytest.mark.parametrize("name", ["demo-small", "auto", "agent/dev"])
def test_retrieve(client: openai.OpenAI, name: str) -> None:
    model = client.models.retrieve(name)
    assert model.id == name
    assert model.object == "model"


def test_retrieve_unknown(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("no-such-model")
    assert caught.value.code == "model_not_found"
