using System.Runtime.InteropServices;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer;

/// <summary>Tells the failures that an agent treats differently from all others.</summary>
internal static class FailureClassification
{
    private const int NoSpaceOnDevice = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT

    // What libtorch's allocators say; there is no type or code to go by.
    private static readonly string[] AllocatorWords =
        ["not enough memory", "out of memory", "can't allocate memory", "DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"];

    /// <summary>The kind and message an exception is answered with.</summary>
    internal static FailedReply ToReply(long? request, Exception exception) => exception switch
    {
        TrainerException e => new()
        {
            Re = request,
            Kind = e.Kind,
            Message = e.Message,
            Step = e.Step,
            LastFiniteLoss = e.LastFiniteLoss,
        },
        // What could not be initialized is no news; why is.
        TypeInitializationException { InnerException: { } cause } => ToReply(request, cause),
        _ => new() { Re = request, Kind = KindOf(exception), Message = FirstLine(exception) },
    };

    private static FailureKind KindOf(Exception exception) => exception switch
    {
        OutOfMemoryException => FailureKind.OutOfMemory,
        ExternalException or InvalidOperationException
            when Array.Exists(AllocatorWords, w => exception.Message.Contains(w, StringComparison.OrdinalIgnoreCase)) =>
            FailureKind.OutOfMemory,
        IOException { HResult: NoSpaceOnDevice or QuotaExceeded } => FailureKind.NoSpace,
        _ => FailureKind.Error,
    };

    // libtorch appends its C++ stack; the log has it, the reply needs the sentence.
    private static string FirstLine(Exception exception) =>
        $"{exception.GetType().Name}: {exception.Message.Split('\n', 2)[0].Trim()}";
}
