using Microsoft.AspNetCore.Mvc;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Silo.Api;

/// <summary>Refusals as RFC 9457 problem details.</summary>
internal static class Problems
{
    public static IResult Of(int status, string title, string detail, IReadOnlyList<SpecProblem>? errors = null)
    {
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail };
        if (errors is { Count: > 0 })
        {
            problem.Extensions["errors"] = errors;
        }

        return TypedResults.Problem(problem);
    }

    public static IResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "Not found", detail);

    public static IResult NoJob(string job) => NotFound($"There is no job '{job}'. GET /v1/jobs lists them.");

    public static IResult BadCursor(string cursor) => BadInput($"cursor={cursor}: the 'next' of the page before is wanted.");

    public static IResult NotYet(string what) => Of(StatusCodes.Status501NotImplemented, "Not available yet", $"{what} is not available yet.");

    public static IResult BadInput(string detail, IReadOnlyList<SpecProblem>? errors = null) =>
        Of(StatusCodes.Status400BadRequest, "Bad input", detail, errors);
}
