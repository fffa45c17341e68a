"""Which model draws a job, and what it is told: the engine's models meet the prompt's parameters."""

from bot.domain.prompt import Capabilities, DrawingPlan, GenerationParams, plan_drawing
from bot.usecases.studio import Studio
from engine.protocol import Ability, ModelInfo


def choose_model(params: GenerationParams, studio: Studio) -> ModelInfo:
    """The one that the parameters name, else the studio's first."""
    models = studio.engine.list_models()
    return next((model for model in models if model.name == params.model), models[0])


def plan_for_model(params: GenerationParams, model: ModelInfo, picture_count: int = 4) -> DrawingPlan:
    """Raises `CannotDraw`."""
    capabilities = Capabilities(
        model=model.name,
        width=model.width,
        height=model.height,
        steps=model.steps,
        vocabulary=frozenset(model.vocabulary),
        guidance_scale=model.guidance_scale,
        max_pixels=model.max_pixels,
        supports_negative=model.supports_negative_prompt,
        supports_weights=Ability.PARTS in model.abilities,
        supports_guidance_per_row=Ability.GUIDANCE_PER_ROW in model.abilities,
        supports_stop=Ability.STOP in model.abilities,
        supports_tile=Ability.TILE in model.abilities,
        supports_image_prompt=Ability.IMAGE_REFERENCE in model.abilities,
        supports_style_reference=True,  # a model that takes no styles has its pictures restyled
        supports_character_reference=Ability.CHARACTER_REFERENCE in model.abilities,
        supports_video=True,  # where nothing moves by itself, the noise does
        supports_omni_reference=Ability.OBJECT_REFERENCE in model.abilities,
    )
    return plan_drawing(params, capabilities, picture_count)
