namespace Orchestrator.Contracts.Jobs;

/// <summary>Something wrong with a job file.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) to the value, or to the object that lacks a key.</param>
/// <param name="Message">What was found and what is allowed.</param>
/// <param name="OnKey">The key itself is wrong, not its value.</param>
public sealed record SpecProblem(string Pointer, string Message, bool OnKey = false);

/// <summary>A job file read: a spec, or everything that is wrong with it, all at once.</summary>
public sealed record JobSpecReading(JobSpec? Spec, IReadOnlyList<SpecProblem> Problems);
