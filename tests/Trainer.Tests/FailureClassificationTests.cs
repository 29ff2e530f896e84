using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer;

namespace Orchestrator.Trainer.Tests;

public sealed class FailureClassificationTests
{
    /// <summary>What libtorch says for want of memory, on a CPU and on GPUs: an agent ends the process then, and does not blame the job at once.</summary>
    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")]
    [InlineData("CUDA out of memory. Tried to allocate 48.02 GiB. GPU 0 has a total capacity of 79.18 GiB")]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")]
    [InlineData("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")]
    public void Want_of_memory_is_told_from_other_failures(string message) =>
        Assert.Equal(FailureKind.OutOfMemory, FailureClassification.ToReply(1, new InvalidOperationException(message)).Kind);

    [Fact]
    public void A_library_that_cannot_be_loaded_says_why()
    {
        var failure = new TypeInitializationException("TorchSharp.torch", new DllNotFoundException("libcudart.so.12: cannot open shared object file"));
        FailedReply reply = FailureClassification.ToReply(7, failure);
        Assert.Equal((7, FailureKind.Error), (reply.Re, reply.Kind));
        Assert.Contains("libcudart.so.12", reply.Message, StringComparison.Ordinal);
    }
}
