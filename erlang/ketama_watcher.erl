%% @doc Keeps a named continuum up to date with its source, a servers file or a function. There is a process for each
%% name, below a supervisor of the application:
%%
%% ```
%% init([]) ->
%%     {ok, {#{}, [ketama_watcher:child_spec(#{name => sessions, servers_file => "/etc/sessions.servers"})]}}.
%% '''
%%
%% The watcher gives the name its continuum when it starts, and reads the source every interval. Changed contents of
%% a file are loaded if a second read, a moment later, finds them again: the file might be in the middle of being
%% written. A source that fails is logged once, and the old continuum stays. Each change logs a notice.
%%
%% Rename a new file into place nevertheless: a file of which half is written is valid if that half ends with a line.
%%
%% Other processes read the source, make the continuum and call the user's functions. So the watcher always answers,
%% and keeps no ring alive.
-module(ketama_watcher).

-behaviour(gen_server).

-export([child_spec/1, start_link/1]).
-export([reload/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-export_type([options/0, callback/0, milliseconds/0]).

-include_lib("kernel/include/logger.hrl").

-type options() ::
    #{
        name => ketama:name(),
        servers_file => file:filename_all(),
        source => fun(() -> {ok, [term()]} | {error, term()}),
        timeout => milliseconds(),
        interval => milliseconds(),
        before_change => callback(),
        after_change => callback(),
        dialect => ketama:dialect(),
        hash => ketama:hash_name(),
        hash_tag => <<_:16>>,
        ketama_points => pos_integer()
    }
    | [{atom(), term()}].
%% A map, or a list of pairs:
%% <ul>
%% <li>`servers_file' or `source': a path, or a function that returns a list of servers as {@link ketama:new/1} takes
%%     it. The function runs in a process of its own.</li>
%% <li>`name': `ketama' by default.</li>
%% <li>`interval': the time between two reads, a second by default.</li>
%% <li>`timeout': the time limit of a read, 5 seconds by default. A function that exceeds it is killed; a file that
%%     does is reported, and waited for.</li>
%% <li>`before_change', `after_change': see {@link callback()}.</li>
%% <li>`dialect', `hash', `hash_tag', `ketama_points': as for {@link ketama:new/2}.</li>
%% </ul>
-type callback() ::
    fun((ketama:name(), Old :: ketama:continuum() | undefined, New :: ketama:continuum()) -> term()).
%% `before_change' is called before the new continuum gets the name, `after_change' after it has: an application opens
%% connections in the first and closes old ones in the second. Both are also called when the watcher starts, before
%% {@link start_link/1} returns. Each call runs in a process of its own, one at a time, and is killed after 5 seconds.
%% If one fails, that is logged, and the change goes on.
-type milliseconds() :: 1..16#FFFFFFFF.

%% Changed contents of a file are loaded if another read, this many milliseconds later, finds the same.
-define(DEBOUNCE, 100).

-define(DEFAULT_INTERVAL, 1000).
-define(DEFAULT_TIMEOUT, 5000).

%% A digest of what a source holds, or why it could not be read.
-type digest() :: {ok, binary()} | {error, ketama:reason()}.

-record(state, {
    name :: ketama:name(),
    source :: ketama_source:source(),
    interval :: milliseconds(),
    timeout :: milliseconds(),
    options :: map(),
    callbacks :: #{before_change => callback(), after_change => callback()},
    %% What was loaded, and the reference to its continuum as bytes, which do not keep the ring alive.
    loaded :: digest() | undefined,
    continuum :: binary() | undefined,
    %% Changed contents of a file that were read once.
    candidate :: digest() | undefined,
    %% The error that was logged last, if it still holds.
    last_error :: ketama:reason() | undefined,
    %% The process that reads and loads, and whether it has exceeded the time limit.
    loader :: pid() | undefined,
    is_late = false :: boolean(),
    %% The timer of the next read, or of the time limit of this one.
    timer :: reference() | undefined,
    %% The callers of reload/1 that this read answers, and those that the next one will.
    callers = [] :: [gen_server:from()],
    next_callers = [] :: [gen_server:from()]
}).

%% @doc Returns the specification of a supervisor's child that calls {@link start_link/1}. Its id is `ketama_watcher',
%% or `{ketama_watcher, Name}' with another name than the default.
-spec child_spec(options()) -> supervisor:child_spec().
child_spec(Options) ->
    #{id => ketama_options:child_id(?MODULE, Options), start => {?MODULE, start_link, [Options]}}.

%% @doc Starts the watcher of a name. It is registered as `ketama_watcher', or as `ketama_watcher_NAME' with another
%% name than the default. If the source fails, so does the start, unless the name already has a continuum. A wrong
%% option raises `badarg'.
-spec start_link(options()) -> {ok, pid()} | {error, ketama:reason() | {already_started, pid()}}.
start_link(Options) ->
    try
        start(Options)
    catch
        error:Reason -> error(Reason, [Options], [{error_info, #{module => ketama_error_info}}])
    end.

start(Options) ->
    case ketama_source:with_nif(fun() -> {ok, state(ketama_options:watcher(Options))} end) of
        {ok, #state{name = Name} = State} ->
            gen_server:start_link({local, registered(Name)}, ?MODULE, {self(), State}, []);
        {error, Reason} ->
            {error, Reason}
    end.

state({Own, Ring}) ->
    Timeout = maps:get(timeout, Own, ?DEFAULT_TIMEOUT),
    #state{
        name = maps:get(name, Own, ketama),
        source = source(Own, Timeout),
        interval = maps:get(interval, Own, ?DEFAULT_INTERVAL),
        timeout = Timeout,
        options = Ring,
        callbacks = maps:with([before_change, after_change], Own)
    }.

source(#{servers_file := Path}, _Timeout) -> {servers_file, absolute(Path)};
source(#{source := Fun}, Timeout) -> {function, Fun, Timeout}.

%% The working directory may change later. A path that is absolute already is left alone: to make one absolute takes
%% the file server.
absolute(Path) ->
    case filename:pathtype(Path) of
        absolute -> Path;
        _ -> filename:absname(Path)
    end.

registered(ketama) -> ?MODULE;
registered(Name) -> list_to_atom("ketama_watcher_" ++ atom_to_list(Name)).

%% @private
-spec reload(ketama:name()) -> {ok, ketama:share()} | unchanged | {error, ketama:reason()}.
reload(Name) ->
    case whereis(registered(Name)) of
        undefined -> {error, no_watcher};
        Watcher -> gen_server:call(Watcher, reload, infinity)
    end.

%% @private
init({Parent, State}) ->
    _ = process_flag(trap_exit, true),
    await_first(Parent, load(first, State)).

%% The supervisor waits for the first read.
await_first(Parent, #state{loader = Loader, timer = Timer} = State) ->
    receive
        {has_read, Loader} ->
            await_first(Parent, in_time(State));
        {'EXIT', Loader, Result} ->
            case handle_result(Result, State) of
                {{error, Reason} = Failed, Handled} -> keep_old(Reason, schedule(Failed, Handled));
                {Reply, Handled} -> {ok, schedule(Reply, Handled)}
            end;
        {timeout, Timer, late} ->
            keep_old(late(State), State#state{is_late = true});
        {'EXIT', Parent, Reason} ->
            exit(Reason)
    end.

keep_old(Reason, #state{name = Name} = State) ->
    case ketama_name:find(Name) of
        undefined -> {stop, Reason};
        _ -> {ok, log_error(Reason, State)}
    end.

%% @private
handle_call(reload, _From, #state{is_late = true} = State) ->
    {reply, {error, late(State)}, State};
handle_call(reload, From, #state{loader = undefined, timer = Timer} = State) ->
    _ = erlang:cancel_timer(Timer),
    {noreply, load(reload, State#state{callers = [From]})};
handle_call(reload, From, #state{next_callers = Callers} = State) ->
    %% The loader may have read the source before this call.
    {noreply, State#state{next_callers = [From | Callers]}};
handle_call(_Unknown, _From, State) ->
    {reply, {error, unknown_call}, State}.

%% @private
handle_cast(_Unknown, State) ->
    {noreply, State}.

%% @private
handle_info({timeout, Timer, load}, #state{timer = Timer} = State) ->
    {noreply, load(interval, State)};
handle_info({timeout, Timer, late}, #state{timer = Timer, callers = Callers, next_callers = NextCallers} = State) ->
    Reason = late(State),
    ok = reply(Callers ++ NextCallers, {error, Reason}),
    {noreply, log_error(Reason, State#state{is_late = true, callers = [], next_callers = []})};
handle_info({has_read, Loader}, #state{loader = Loader} = State) ->
    {noreply, in_time(State)};
handle_info({'EXIT', Loader, Result}, #state{loader = Loader, callers = Callers} = State) ->
    {Reply, Handled} = handle_result(Result, State),
    ok = reply(Callers, Reply),
    Logged =
        case Reply of
            {error, Reason} -> log_error(Reason, Handled);
            _ -> Handled
        end,
    {noreply, schedule(Reply, Logged)};
handle_info(_Unknown, State) ->
    {noreply, State}.

reply(Callers, Reply) ->
    lists:foreach(fun(From) -> gen_server:reply(From, Reply) end, Callers).

%% Starts the loader, which exits with its result.
-dialyzer({nowarn_function, load/2}).
load(Why, #state{source = Source, timeout = Timeout} = State) ->
    Watcher = self(),
    Loader = spawn_link(fun() -> exit({loader, read(Why, Watcher, State)}) end),
    Timer =
        case Source of
            {servers_file, _} -> erlang:start_timer(Timeout, Watcher, late);
            %% ketama_source:read/2 kills it at its time limit.
            {function, _, _} -> undefined
        end,
    State#state{loader = Loader, timer = Timer, is_late = false}.

in_time(#state{timer = undefined} = State) ->
    State;
in_time(#state{timer = Timer} = State) ->
    _ = erlang:cancel_timer(Timer),
    State#state{timer = undefined, is_late = false}.

late(#state{source = {servers_file, Path}}) ->
    {servers_file, Path, timeout}.

%% Returns what reload/1 returns, or `candidate', and the new state.
handle_result({loader, unchanged}, State) ->
    {unchanged, forget_error(State)};
handle_result({loader, {candidate, Digest}}, State) ->
    {candidate, State#state{candidate = Digest}};
handle_result({loader, {loaded, Moved, Digest, Continuum}}, State) ->
    {{ok, Moved}, forget_error(State#state{loaded = Digest, continuum = Continuum})};
handle_result({loader, {failed, Reason, Digest}}, State) ->
    {{error, Reason}, State#state{candidate = Digest}};
handle_result(Crash, State) ->
    {{error, {source, {exit, Crash}}}, State}.

forget_error(State) ->
    State#state{candidate = undefined, last_error = undefined}.

%% The next read is due at once if somebody waits for it.
schedule(_Reply, #state{next_callers = [_ | _] = Callers} = State) ->
    load(reload, State#state{callers = Callers, next_callers = []});
schedule(candidate, #state{interval = Interval} = State) ->
    schedule_in(min(?DEBOUNCE, Interval), State);
schedule(_Reply, #state{interval = Interval} = State) ->
    schedule_in(Interval, State).

schedule_in(Delay, State) ->
    State#state{
        loader = undefined, is_late = false, callers = [], timer = erlang:start_timer(Delay, self(), load)
    }.

log_error(Reason, #state{last_error = LastError, name = Name} = State) ->
    is_same(Reason, LastError) orelse
        ?LOG_ERROR("ketama: ~ts Until then ~tp keeps its servers.", [ketama:format_error(Reason), Name]),
    State#state{last_error = Reason}.

%% A function may fail with another term each time.
is_same({source, _}, {source, _}) -> true;
is_same(Reason, LastError) -> Reason =:= LastError.

%%% The loader's process

read(Why, Watcher, #state{source = Source} = State) ->
    Contents = ketama_source:read(Source, Watcher),
    Watcher ! {has_read, self()},
    Digest = digest(Contents),
    case decide(Why, Digest, State) of
        change -> change(Contents, Digest, Why, Watcher, State);
        unchanged -> unchanged;
        candidate -> {candidate, Digest}
    end.

digest({ok, Contents}) when is_binary(Contents) -> {ok, erlang:md5(Contents)};
digest({ok, Servers}) -> {ok, erlang:md5(term_to_binary(Servers))};
digest({error, Reason}) -> {error, Reason}.

decide(reload, Digest, #state{loaded = Digest, name = Name, continuum = Continuum}) ->
    case term_to_binary(ketama_name:find(Name)) of
        Continuum -> unchanged;
        _Other -> change
    end;
decide(_Why, Digest, #state{loaded = Digest}) ->
    unchanged;
decide(interval, Digest, #state{source = {servers_file, _}, candidate = Candidate}) when Digest =/= Candidate ->
    candidate;
decide(_Why, _Digest, _State) ->
    change.

change({error, Reason}, Digest, _Why, _Watcher, _State) ->
    {failed, Reason, Digest};
change({ok, Contents}, Digest, Why, Watcher, #state{name = Name, source = Source, callbacks = Callbacks} = State) ->
    case ketama_source:make(Source, Contents, State#state.options) of
        {ok, New} ->
            Change = Callbacks#{name => Name, source => Source, watcher => Watcher, is_first => Why =:= first},
            {loaded, ketama_change:make(Change, New), Digest, term_to_binary(New)};
        {error, Reason} ->
            {failed, Reason, Digest}
    end.
