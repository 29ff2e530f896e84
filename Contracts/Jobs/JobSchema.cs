namespace Orchestrator.Contracts.Jobs;

/// <summary>The JSON Schema (draft 2020-12) of a job file, for editors and for <c>orchestrator schema</c>.</summary>
/// <remarks>
/// It says what each key means and which values it may take on its own. What two keys say together (min below max, a
/// probe shorter than its stage) only <see cref="JobSpecReader"/> knows, which is what decides.
/// </remarks>
public static class JobSchema
{
    /// <summary>The schema as JSON text.</summary>
    public static string Text { get; } = Load();

    private static string Load()
    {
        using Stream stream = typeof(JobSchema).Assembly.GetManifestResourceStream("job.schema.json")
            ?? throw new InvalidOperationException("The assembly lacks its resource job.schema.json.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
