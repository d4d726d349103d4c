%% @private Runs a function of the user's in a process of its own, within a time limit.
-module(ketama_task).

-export([run/3]).

%% @doc Returns what the function returns. Its process is killed after `Timeout' milliseconds, and ends with `Owner'.
-spec run(fun(() -> Result), timeout(), Owner :: pid()) ->
    {ok, Result} | {error, timeout | {error | exit | throw, term()} | term()}.
run(Fun, Timeout, Owner) ->
    Caller = self(),
    Tag = make_ref(),
    {Pid, Monitor} = spawn_monitor(fun() ->
        try link(Owner) of
            true -> Caller ! {Tag, outcome(Fun)}
        catch
            %% The owner has ended.
            error:noproc -> ok
        end
    end),
    receive
        {Tag, Outcome} ->
            true = demonitor(Monitor, [flush]),
            Outcome;
        {'DOWN', Monitor, process, Pid, Reason} ->
            {error, {exit, Reason}}
    after Timeout ->
        true = exit(Pid, kill),
        receive
            {'DOWN', Monitor, process, Pid, _} -> ok
        end,
        %% Its result may have come just before it was killed.
        receive
            {Tag, Outcome} -> Outcome
        after 0 -> {error, timeout}
        end
    end.

outcome(Fun) ->
    try
        {ok, Fun()}
    catch
        Class:Reason -> {error, {Class, Reason}}
    end.
