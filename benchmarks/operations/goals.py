"""What each figure has to reach. Doing nothing to a picture misses at least one goal of each operation."""

from collections.abc import Mapping

AT_MOST = {
    "unmasked_changed": 0,
    "inpaint_seam_ratio": 1.2,
    "outpaint_changed": 0,
    "seam_ratio": 1.2,
    "style_loss_ratio": 0.1,
    "content_loss_ratio": 0.5,
    "tile_seam_ratio": 1.2,
    "upscale_4096_mib": 256,
    "vary_subtle": 10,
    "film_start": 1,
    "film_step": 0.2,
    "film_mib": 10,
}
AT_LEAST = {
    "upscale_4096_mib": 48,  # the result alone; less was not measured
    "inpaint_noun_right": 0.6,
    "outpaint_new": 2,
    "seam_sides": 4,
    "upscale_cycle_psnr": 32,
    "describe_top5": 0.7,
    "vary_subtle": 2,
    "vary_subtle_apart": 0.5,
    "vary_subtle_ssim": 0.8,
    "vary_strong": 10,
    "vary_noun_right": 0.95,
    "film_motion_low": 5,
    "film_motion_high": 10,
    "film_livelier": 1.5,
}
MORE_THAN = {"upscale_ssim_gain": 0}


def missed(figures: Mapping[str, float]) -> list[str]:
    """The figures that are not good enough. One that is no number never is."""
    reached = [
        *((name, figures[name] <= most) for name, most in AT_MOST.items() if name in figures),
        *((name, figures[name] >= least) for name, least in AT_LEAST.items() if name in figures),
        *((name, figures[name] > bound) for name, bound in MORE_THAN.items() if name in figures),
    ]
    return list(dict.fromkeys(name for name, is_reached in reached if not is_reached))
