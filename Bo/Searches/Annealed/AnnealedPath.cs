namespace Orchestrator.Bo.Searches.Annealed;

/// <summary>The training run at the chosen peak: the constant part of an arm, the peak held, the decay to 0.</summary>
/// <param name="Arm">Rate of the arm whose constant part is taken.</param>
/// <param name="Held">The rate that is held.</param>
/// <param name="Peak">The rate the decay begins at; lower than <see cref="Held"/> only where the decay diverged.</param>
/// <param name="Reductions">How often it diverged and was taken up at half the rate.</param>
/// <param name="Hold">Plan number of the stretch that holds the peak; null = not planned.</param>
/// <param name="HoldOutcome">How that ended; null while it runs.</param>
/// <param name="Decay">Plan number of the stretch that decays; null = not planned.</param>
/// <param name="DecayOutcome">How that ended; null while it runs.</param>
/// <param name="Realised">Mean training loss over its last steps.</param>
public sealed record AnnealedPath(
    double Arm,
    double Held,
    double Peak,
    int Reductions,
    int? Hold,
    StretchOutcome? HoldOutcome,
    int? Decay,
    StretchOutcome? DecayOutcome,
    double? Realised)
{
    /// <summary>Whether its hold was trained, so that a reduced path goes on from there.</summary>
    internal bool IsHeld => HoldOutcome == StretchOutcome.Succeeded;

    /// <summary>The path with a stretch planned: the one that ends at rate 0 is the decay.</summary>
    internal AnnealedPath Plan(Stretch stretch) => stretch.Runs[^1].To == 0
        ? this with { Decay = stretch.Number }
        : this with { Hold = stretch.Number };

    /// <summary>The path after an observation of one of its stretches; null = it is not of the path.</summary>
    internal AnnealedPath? Observe(Observation observation)
    {
        if (observation.Stretch == Hold && HoldOutcome is null)
        {
            return this with { HoldOutcome = observation.Outcome };
        }

        return observation.Stretch == Decay && DecayOutcome is null
            ? this with { DecayOutcome = observation.Outcome, Realised = observation.Last }
            : null;
    }

    /// <summary>The path from the end of its last sound stretch on, at a lower peak.</summary>
    internal AnnealedPath Reduced(double peak) => this with
    {
        Held = IsHeld ? Held : peak,
        Peak = peak,
        Reductions = Reductions + 1,
        Hold = IsHeld ? Hold : null,
        HoldOutcome = IsHeld ? HoldOutcome : null,
        Decay = null,
        DecayOutcome = null,
        Realised = null,
    };
}
