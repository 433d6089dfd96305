"""Operations, scopes and verifiers of a protection, in each way to protect an endpoint."""
