"""What the credits are called that are compared with the truth, for a learner with a KL penalty or one without."""

from __future__ import annotations

from lessons.i18n import N_, _

#: Credit → what it is called; in the order of the tables.
_TITLES = {
    "ppo": N_("PPO: critic and KL penalty"),
    "critic": N_("PPO: without the KL penalty"),
    "lambda-0": N_("PPO: without it, λ = 0"),
    "perfect": N_("a perfect critic in PPO's place, λ = {lam}"),
    "group-mean": N_("the others' mean in the critic's place, λ = {lam}"),
    "grpo": N_("GRPO"),
    "vine": N_("VinePPO"),
    "again": N_("the truth, measured a second time"),
}
#: Where PPO has no KL penalty, its credit is the critic's alone.
_ALONE = {"ppo": N_("PPO"), "lambda-0": N_("PPO, λ = 0")}


def credit_titles(penalty: bool, lam: str) -> dict[str, str]:
    """Credit → its title in the viewer's language, for a PPO with a KL penalty in its reward or without one."""
    own = _TITLES if penalty else {name: _ALONE.get(name, x) for name, x in _TITLES.items() if name != "critic"}
    return {name: _(title).format(lam=lam) for name, title in own.items()}
