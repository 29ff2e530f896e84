using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>What a <c>train</c> request must be.</summary>
internal static class SegmentRequest
{
    /// <summary>Checks a request.</summary>
    /// <returns>The rate of each step.</returns>
    /// <exception cref="TrainerException">Bad input: says which field, and what is allowed.</exception>
    internal static double[] Check(TrainRequest request)
    {
        Require(request.Start >= 0, $"`start` is {request.Start}; at least 0");
        Require(request.Steps >= 0, $"`steps` is {request.Steps}; at least 0");
        Require(request.Parent is not null || request.Start == 0, $"`start` is {request.Start} without a `parent` to start from");
        Require(request.Shard is null, "`shard` is not available yet");
        Require(request.Plan is not RateRule, "rate rules are not available yet; give `plan` as runs");
        if (request.Validate is { } validate)
        {
            Require(validate.Every >= 0, $"`validate.every` is {validate.Every}; at least 0");
            Require(validate.Samples is null or > 0, $"`validate.samples` is {validate.Samples}; at least 1");
            Require(
                ValidationSplits.All.Contains(validate.Split),
                $"`validate.split` is `{validate.Split}`; one of {string.Join(", ", ValidationSplits.All)}");
        }

        if (request.Steps == 0)
        {
            return [];
        }

        var plan = request.Plan as RatePlan ?? throw TrainerException.BadInput("`plan` is missing");
        Require(plan.Steps >= request.Steps, $"`plan` covers {plan.Steps} steps of {request.Steps}");
        return plan.Expand(request.Steps);
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw TrainerException.BadInput(message);
        }
    }
}
