%% @doc Keeps a named continuum like its source, a servers file or a function: a process a name, for the
%% user's own supervisor.
%%
%% ```
%% init([]) ->
%%     {ok, {#{}, [ketama_watcher:child_spec(#{name => sessions, servers_file => "/etc/sessions.servers"})]}}.
%% '''
%%
%% It gives the name its continuum when it starts, and looks at the source every interval. Of a file it
%% takes other contents when they have stayed the same for a moment, so that a file that is just being
%% written is not taken. A source that fails is logged once and leaves the old continuum in place.
%% Each change logs a notice.
%%
%% Even so, rename a new file into place: half a file that ends with a line is a right one.
%%
%% Reading, making the continuum and the user's functions happen in other processes, so that the watcher
%% always answers, and holds no ring itself.
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
%% One of `servers_file' and `source', which returns a list of servers as {@link ketama:new/1} takes it; it
%% runs in a process of its own. A source may take as long as `timeout', 5 seconds by default; a file that
%% takes longer is reported, and waited for. The `interval' is a second by default. The name is `ketama' by
%% default. `dialect' and what follows are the options of {@link ketama:new/2}. A list of pairs does as
%% well.
-type callback() :: fun(
    (ketama:name(), Old :: ketama:continuum() | undefined, New :: ketama:continuum()) -> term()
).
%% `before_change' is called before the new continuum gets the name, `after_change' after that: an
%% application opens its connections in the first and closes old ones in the second. Both are called at the
%% watcher's start, too, before {@link start_link/1} returns. Each runs in a process of its own, one at a
%% time, for 5 seconds at most; one that fails is logged, and the change goes on.
-type milliseconds() :: 1..16#FFFFFFFF.

%% For as long, in milliseconds, changed contents of a file must stay the same.
-define(SETTLE, 100).

-define(INTERVAL, 1000).
-define(TIMEOUT, 5000).

%% What a source said: a digest of it, or why it said nothing.
-type said() :: {ok, binary()} | {error, ketama:reason()}.

-record(state, {
    name :: ketama:name(),
    source :: ketama_source:source(),
    interval :: milliseconds(),
    timeout :: milliseconds(),
    options :: map(),
    callbacks :: #{before_change => callback(), after_change => callback()},
    %% What the continuum was made of, and its reference as bytes, which keep no ring alive.
    taken :: said() | undefined,
    continuum :: binary() | undefined,
    %% What else a file said at the last look.
    candidate :: said() | undefined,
    %% What was last said to be wrong with the source.
    reported :: ketama:reason() | undefined,
    %% The process that looks, and whether it has to be waited for longer than it may take.
    looking :: pid() | undefined,
    is_late = false :: boolean(),
    %% The timer of the next look, or of the time that one may take.
    timer :: reference() | undefined,
    %% Who is told of this look, and of the next.
    told = [] :: [gen_server:from()],
    waiting = [] :: [gen_server:from()]
}).

%% @doc The specification of a supervisor's child that calls {@link start_link/1}. Its id has the name in it,
%% where there is one.
-spec child_spec(options()) -> supervisor:child_spec().
child_spec(Options) ->
    #{id => ketama_options:child_id(?MODULE, Options), start => {?MODULE, start_link, [Options]}}.

%% @doc Starts the watcher of a name, registered as `ketama_watcher', and with a name of the continuum as
%% `ketama_watcher_NAME'. Fails where the source does, unless the name has a continuum already. A wrong
%% option raises `badarg'.
-spec start_link(options()) -> {ok, pid()} | {error, ketama:reason() | {already_started, pid()}}.
start_link(Options) ->
    try
        start(Options)
    catch
        error:Reason -> error(Reason, [Options], [{error_info, #{module => ketama_error}}])
    end.

start(Options) ->
    case ketama_source:with_nif(fun() -> {ok, state(ketama_options:watcher(Options))} end) of
        {ok, #state{name = Name} = State} ->
            gen_server:start_link({local, registered(Name)}, ?MODULE, {self(), State}, []);
        {error, Reason} ->
            {error, Reason}
    end.

state({Own, Ring}) ->
    Timeout = maps:get(timeout, Own, ?TIMEOUT),
    #state{
        name = maps:get(name, Own, ketama),
        source = source(Own, Timeout),
        interval = maps:get(interval, Own, ?INTERVAL),
        timeout = Timeout,
        options = Ring,
        callbacks = maps:with([before_change, after_change], Own)
    }.

source(#{servers_file := Path}, _Timeout) -> {servers_file, absolute(Path)};
source(#{source := Fun}, Timeout) -> {function, Fun, Timeout}.

%% The path means the same file when the working directory is another. Only the file server knows that.
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
    first(Parent, look(first, State)).

%% The first look, which the supervisor waits for.
first(Parent, #state{looking = Looking, timer = Timer} = State) ->
    receive
        {said, Looking} ->
            first(Parent, in_time(State));
        {'EXIT', Looking, Result} ->
            case looked(Result, State) of
                {{error, Reason} = Failed, Looked} -> stay(Reason, next(Failed, Looked));
                {Taken, Looked} -> {ok, next(Taken, Looked)}
            end;
        {timeout, Timer, late} ->
            stay(late(State), State#state{is_late = true});
        {'EXIT', Parent, Reason} ->
            exit(Reason)
    end.

stay(Reason, #state{name = Name} = State) ->
    case ketama_name:find(Name) of
        undefined -> {stop, Reason};
        _ -> {ok, report(Reason, State)}
    end.

%% @private
handle_call(reload, _From, #state{is_late = true} = State) ->
    {reply, {error, late(State)}, State};
handle_call(reload, From, #state{looking = undefined, timer = Timer} = State) ->
    _ = erlang:cancel_timer(Timer),
    {noreply, look(reload, State#state{told = [From]})};
handle_call(reload, From, #state{waiting = Waiting} = State) ->
    %% This look may have read already.
    {noreply, State#state{waiting = [From | Waiting]}};
handle_call(_Unknown, _From, State) ->
    {reply, {error, unknown_call}, State}.

%% @private
handle_cast(_Unknown, State) ->
    {noreply, State}.

%% @private
handle_info({timeout, Timer, look}, #state{timer = Timer} = State) ->
    {noreply, look(interval, State)};
handle_info({timeout, Timer, late}, #state{timer = Timer, told = Told, waiting = Waiting} = State) ->
    Reason = late(State),
    ok = reply(Told ++ Waiting, {error, Reason}),
    {noreply, report(Reason, State#state{is_late = true, told = [], waiting = []})};
handle_info({said, Looking}, #state{looking = Looking} = State) ->
    {noreply, in_time(State)};
handle_info({'EXIT', Looking, Result}, #state{looking = Looking, told = Told} = State) ->
    {Reply, Looked} = looked(Result, State),
    ok = reply(Told, Reply),
    Reported =
        case Reply of
            {error, Reason} -> report(Reason, Looked);
            _ -> Looked
        end,
    {noreply, next(Reply, Reported)};
handle_info(_Unknown, State) ->
    {noreply, State}.

reply(Callers, Reply) ->
    lists:foreach(fun(From) -> gen_server:reply(From, Reply) end, Callers).

%% Looks at the source, in a process of its own, whose result is what it exits with.
-dialyzer({nowarn_function, look/2}).
look(Why, #state{source = Source, timeout = Timeout} = State) ->
    Watcher = self(),
    Looking = spawn_link(fun() -> exit({looked, read(Why, Watcher, State)}) end),
    Timer =
        case Source of
            {servers_file, _} -> erlang:start_timer(Timeout, Watcher, late);
            %% It is killed when it is late.
            {function, _, _} -> undefined
        end,
    State#state{looking = Looking, timer = Timer, is_late = false}.

in_time(#state{timer = undefined} = State) ->
    State;
in_time(#state{timer = Timer} = State) ->
    _ = erlang:cancel_timer(Timer),
    State#state{timer = undefined, is_late = false}.

late(#state{source = {servers_file, Path}}) ->
    {servers_file, Path, timeout}.

%% What a look has found, and the state with it.
looked({looked, unchanged}, State) ->
    {unchanged, settled(State)};
looked({looked, {candidate, Said}}, State) ->
    {candidate, State#state{candidate = Said}};
looked({looked, {taken, Moved, Said, Continuum}}, State) ->
    {{ok, Moved}, settled(State#state{taken = Said, continuum = Continuum})};
looked({looked, {failed, Reason, Said}}, State) ->
    {{error, Reason}, State#state{candidate = Said}};
looked(Crash, State) ->
    {{error, {source, {exit, Crash}}}, State}.

settled(State) ->
    State#state{candidate = undefined, reported = undefined}.

%% After a look: the next at once, where somebody waits for one, or in a while.
next(_Reply, #state{waiting = [_ | _] = Waiting} = State) ->
    look(reload, State#state{told = Waiting, waiting = []});
next(candidate, #state{interval = Interval} = State) ->
    wait(min(?SETTLE, Interval), State);
next(_Reply, #state{interval = Interval} = State) ->
    wait(Interval, State).

wait(Delay, State) ->
    State#state{
        looking = undefined, is_late = false, told = [], timer = erlang:start_timer(Delay, self(), look)
    }.

report(Reason, #state{reported = Reported, name = Name} = State) ->
    is_same(Reason, Reported) orelse
        ?LOG_ERROR("ketama: ~ts Until then ~tp keeps its servers.", [ketama:format_error(Reason), Name]),
    State#state{reported = Reason}.

%% What a function fails with may be another term each time.
is_same({source, _}, {source, _}) -> true;
is_same(Reason, Reported) -> Reason =:= Reported.

%% From here on in the process that looks.

read(Why, Watcher, #state{source = Source} = State) ->
    Contents = ketama_source:read(Source, Watcher),
    Watcher ! {said, self()},
    Said = said(Contents),
    case decide(Why, Said, State) of
        take -> take(Contents, Said, Why, Watcher, State);
        unchanged -> unchanged;
        candidate -> {candidate, Said}
    end.

said({ok, Contents}) when is_binary(Contents) -> {ok, erlang:md5(Contents)};
said({ok, Servers}) -> {ok, erlang:md5(term_to_binary(Servers))};
said({error, Reason}) -> {error, Reason}.

decide(reload, Taken, #state{taken = Taken, name = Name, continuum = Continuum}) ->
    case term_to_binary(ketama_name:find(Name)) of
        Continuum -> unchanged;
        _Other -> take
    end;
decide(_Why, Taken, #state{taken = Taken}) ->
    unchanged;
decide(interval, Said, #state{source = {servers_file, _}, candidate = Candidate}) when Said =/= Candidate ->
    candidate;
decide(_Why, _Said, _State) ->
    take.

take({error, Reason}, Said, _Why, _Watcher, _State) ->
    {failed, Reason, Said};
take({ok, Contents}, Said, Why, Watcher, #state{name = Name, source = Source, callbacks = Callbacks} = State) ->
    case ketama_source:make(Source, Contents, State#state.options) of
        {ok, New} ->
            Change = Callbacks#{name => Name, source => Source, watcher => Watcher, is_first => Why =:= first},
            {taken, ketama_change:make(Change, New), Said, term_to_binary(New)};
        {error, Reason} ->
            {failed, Reason, Said}
    end.
