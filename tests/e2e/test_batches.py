"""One command, several jobs: permutations and repeats, all of them or none."""

from tests.e2e.studio import Scene, is_result, refusal


async def test_each_choice_becomes_a_grid_of_its_own_in_the_order_of_the_choices(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("imagine", prompt="a {red, blue} owl --seed 7")
    await ada.wait_for_message(lambda message: is_result(message) and "a red owl" in message["content"], since=sent)
    await ada.wait_for_message(lambda message: is_result(message) and "a blue owl" in message["content"], since=sent)
    assert [request.prompt for request in scene.engine.requests] == ["a red owl", "a blue owl"]


async def test_a_repeat_draws_the_same_words_with_new_seeds(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("imagine", prompt="an owl --repeat 2")
    await ada.wait_for(lambda _event: len(scene.results()) == 2, since=sent.mark)
    first, second = scene.engine.requests
    assert first.prompt == second.prompt
    assert first.seeds != second.seeds


async def test_a_batch_that_does_not_fit_is_refused_whole(scene: Scene) -> None:
    ada = await scene.member()
    title, sentence = await refusal(ada, "{1,2,3,4,5,6,7,8,9,10,11} owls")
    assert title == "Job action restricted"
    assert "10" in sentence
    assert await scene.jobs() == []


async def test_what_was_understood_otherwise_is_told_to_the_member_alone(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("imagine", prompt="an owl --seed 1 --seed 2")
    notice = await ada.wait_for_message(lambda m: bool(m.get("flags", 0) & 64), since=sent)
    assert "--seed" in notice["content"]
    await ada.wait_for_message(is_result, since=sent)
    assert scene.engine.requests[0].seeds[0] == 1
